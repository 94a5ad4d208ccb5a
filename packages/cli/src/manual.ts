// What `pgroutectl --help` and pgroutectl(1) say beyond the options: examples, environment, exit codes. Words only.
import type { Manual, Manuals } from '@pgrouted/core/manual/manual';
import { defaultUrl } from './api/request.ts';

const onMember = (command: string, text: string): Manual => ({
  examples: [{ command: `pgroutectl ${command}`, text }],
});

export const manuals: Manuals = {
  '': {
    description: [
      "pgroutectl shows and explains what a running pgrouted(8) knows, decides and holds. It sets and lifts overrides, an operator's own word about a member, and it records and replays what etcd and PostgreSQL said. Overrides alone change anything.",
      'Durations are written `500ms`, `60s`, `5m`, `2h`, `1d`. Lines are as wide as the terminal; where output is no terminal, as COLUMNS says, else 100 characters. Control characters in names are shown as `\\x1b`, never sent to the terminal.',
      'A failure is one line on standard error that says what to do.',
    ],
    examples: [
      { command: 'pgroutectl status', text: 'The whole picture at a glance.' },
      { command: 'pgroutectl explain pg2', text: 'Why a member is in or out, in each service.' },
      { command: 'pgroutectl events --follow', text: 'What happens, as it happens.' },
      {
        command: "pgroutectl maint pg2 --for 2h --reason 'kernel update'",
        text: 'Take a member out; it comes back by itself after two hours.',
      },
    ],
    environment: [
      { name: 'PGROUTED_URL', text: `where pgrouted's API is, without --url; else ${defaultUrl}` },
      {
        name: 'PGROUTED_TOKEN_FILE',
        text: 'a file with the secret that http.control asks for, without --token-file',
      },
      { name: 'PGROUTED_TOKEN', text: 'that secret itself, where no file is named' },
      { name: 'SUDO_USER, USER', text: 'who asks for an override, without --owner' },
      { name: 'COLUMNS', text: 'how wide lines are where output is no terminal' },
      { name: 'NO_COLOR, TERM=dumb', text: 'no colour, on a terminal either' },
    ],
    exitCodes: [
      { name: '0', text: 'done (status: every write service has a server)' },
      {
        name: '1',
        text: 'the router could not be reached or understood, or refused; a file could not be read or written; fleet: not everybody has taken the present leader over; lint: something was found',
      },
      { name: '2', text: 'wrong command line or configuration' },
      { name: '3', text: 'status: reached, but not every write service has a server' },
      { name: '130', text: 'interrupted twice: it did not wait for a clean end' },
    ],
  },
  status: {
    examples: [
      { command: 'pgroutectl status', text: 'Once; the exit code tells whether every write service has a server.' },
      { command: 'pgroutectl status --watch', text: 'Again each second, until Ctrl-C.' },
      { command: 'pgroutectl status -o json', text: 'The document of `GET /v2/status`, for programs.' },
    ],
  },
  explain: {
    examples: [
      { command: 'pgroutectl explain', text: 'Every service and member.' },
      { command: 'pgroutectl explain pg2 --service replica', text: 'One member in one service.' },
    ],
  },
  events: {
    examples: [
      { command: 'pgroutectl events -n 50', text: 'The newest fifty entries.' },
      { command: 'pgroutectl events --since 10m --kind switch,alarm', text: 'Switches and alarms of ten minutes.' },
      { command: 'pgroutectl events --follow -o json', text: 'New entries as they come, one JSON object a line.' },
    ],
  },
  maint: onMember("maint pg2 --for 2h --reason 'kernel update'", 'Out of every service of its cluster for two hours.'),
  drain: onMember('drain pg2 --service replica --reason disk', 'No new sessions in one service, until it is lifted.'),
  ready: onMember("ready pg3 --for 30m --reason 'lag is fine here'", 'In, although it lags, for half an hour.'),
  weight: onMember("weight pg3 20 --for 30m --reason 'cold cache'", 'A smaller share, until its cache is warm.'),
  lift: onMember('lift e4a104e7', 'Take back the override that `pgroutectl overrides` lists so.'),
  fleet: onMember('fleet --wait 10', 'Wait up to ten seconds for every router and HAProxy to follow the leader.'),
  record: onMember(
    'record -c /etc/pgrouted/pgrouted.yaml -o switch.jsonl --probe probes.jsonl',
    'Until Ctrl-C, for a post-mortem.',
  ),
  replay: onMember(
    'replay -c /etc/pgrouted/pgrouted.yaml --probe probes.jsonl --text switch.jsonl',
    'What the router decides on such files.',
  ),
};
