// What `pgrouted --help` and pgrouted(8) say beyond the options: examples, files, environment, signals, exit codes. Words only.
import type { Manuals } from '@pgrouted/core/manual/manual';
import { ownFile, pgRoute66File } from './load-config.ts';

export const manuals: Manuals = {
  '': {
    description: [
      'pgrouted keeps PostgreSQL traffic on the right server. It watches the state that Patroni or Stolon keeps in etcd, or asks the PostgreSQL servers alone where nobody manages them, decides which server may take which traffic, and tells HAProxy so through its Runtime API. It stands in the way of no data: a pgrouted that stops, crashes or is upgraded leaves HAProxy as it is.',
      'Without a command it runs in the foreground until it is told to stop; `systemctl start pgrouted` runs it as a service. Logs are lines of JSON on standard output.',
      'It answers the lists of PgRoute66, health checks, metrics and the documents that pgroutectl(1) shows over HTTP, by default on 127.0.0.1:8080.',
    ],
    examples: [
      { command: 'pgrouted --config /etc/pgrouted/pgrouted.yaml', text: 'Run with this configuration.' },
      {
        command: 'pgrouted --patroni-config /etc/patroni/config.yml',
        text: "Run beside Patroni with what Patroni's own configuration says: no file of its own is needed.",
      },
      { command: 'pgrouted -c /etc/pgroute66/config.yaml', text: "Run in PgRoute66's place, with its file." },
      {
        command: 'pgrouted check-config',
        text: 'Look for errors in the configuration before a start or a reload.',
      },
      {
        command: 'pgrouted haproxy-config >> /etc/haproxy/haproxy.cfg',
        text: 'Give HAProxy the part that fits the configuration; look through it before HAProxy is reloaded.',
      },
    ],
    notes: [
      `Without --config and --patroni-config: the file that PGROUTE66CONFIG names, else ${ownFile}, else ${pgRoute66File}.`,
      "Options may be written as Go's flags too (-c=FILE, --c FILE, --d), as PgRoute66 takes them.",
    ],
    files: [
      { name: ownFile, text: 'the configuration, see pgrouted.yaml(5)' },
      { name: pgRoute66File, text: "PgRoute66's, taken as it stands where the one above is not there" },
      { name: '/etc/default/pgrouted', text: 'options of the service, as PGROUTED_OPTS, and its environment' },
      { name: '/run/haproxy/admin.sock', text: "HAProxy's stats socket where the configuration names none" },
    ],
    environment: [
      { name: 'PGROUTE66CONFIG', text: "a configuration, PgRoute66's or our own, where no option names one" },
      {
        name: 'PGUSER, PGPASSFILE, PGSSLMODE, ...',
        text: "libpq's variables count for probes where the configuration leaves the key out, as they would for psql(1)",
      },
      {
        name: 'PATRONI_SCOPE, PATRONI_NAMESPACE, PATRONI_ETCD3_...',
        text: 'with --patroni-config: they win over the file, as they do for patroni(1)',
      },
      {
        name: 'NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID',
        text: 'set by systemd(1): the router then tells when it is ready, how it is, and that it gets on',
      },
    ],
    signals: [
      {
        name: 'TERM, INT',
        text: "stop; a second INT does not wait. HAProxy keeps what it holds; registered as a proxy of Stolon, write services are closed first, unless the cluster has 'on_stop: leave'",
      },
      {
        name: 'HUP',
        text: 'read the configuration again and open log files anew; a wrong one is told in the log, and the old one stays',
      },
    ],
    exitCodes: [
      { name: '0', text: 'stopped' },
      { name: '1', text: 'failed while running, such as a port in use' },
      { name: '2', text: 'wrong command line' },
      { name: '78', text: 'wrong or unreadable configuration, or one that says nothing yet' },
      { name: '130', text: 'interrupted twice: it did not wait for a clean end' },
    ],
  },
  'check-config': {
    examples: [
      { command: 'pgrouted check-config', text: 'Check the file that the daemon would take.' },
      {
        command: 'pgrouted check-config --config new.yaml --print',
        text: 'Show what another file comes to, every default included.',
      },
    ],
    notes: [
      'Takes the options of the daemon, so that those of its service can be tried with it: `pgrouted check-config $PGROUTED_OPTS`.',
    ],
    exitCodes: [
      { name: '0', text: 'no errors' },
      { name: '78', text: 'errors, or nothing is configured yet; each on a line of its own on standard error' },
    ],
  },
  'haproxy-config': {
    examples: [
      { command: 'pgrouted haproxy-config --config pgrouted.yaml', text: 'Ask etcd for the members.' },
      {
        command: 'pgrouted haproxy-config --config pgrouted.yaml --write-port 6432 --read-port 6433',
        text: 'Let clients connect to other ports.',
      },
      {
        command: 'pgrouted haproxy-config --config pgrouted.yaml --server pg1=10.0.0.1:5432 --server pg2=10.0.0.2:5432',
        text: 'Name the members by hand.',
      },
    ],
    notes: ['The members are read from etcd once, unless they are given by --server or stand in the configuration.'],
  },
};
