// Every place of Stolon's records in which a password may stand (stolon v0.17.0: ClusterSpec, DBSpec, DBStatus, KeeperInfo).
import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

const secret = 'hunter2';
const conninfo = `host=10.1.0.1 port=5432 user=repl password='${secret} \\'x' sslmode=prefer`;
const restoreCommand = `sshpass -p ${secret} scp backup:/wal/%f %p`;
const settings = { primaryConninfo: conninfo, primarySlotName: 'orders', recoveryMinApplyDelay: '5m' };
const pgParameters = {
  archive_command: `PGPASSWORD=${secret} wal-push %p`,
  archive_mode: 'on',
  'app.jwt_secret': secret,
  max_connections: '100',
  primary_conninfo: `postgres://repl:${secret}@10.1.0.1/postgres`,
  ssl_passphrase_command: `echo ${secret}`,
};
const pgHBA = [
  'host all all 10.0.0.0/8 md5',
  `host all all 0.0.0.0/0 ldap ldapserver=l ldapbinddn="cn=a" ldapbindpasswd="${secret} x" ldapport=389`,
  `host all all ::/0 radius radiusservers="a,b" radiussecrets="${secret},${secret}"`,
];

// The numbers are written as text: they do not fit a double.
const positions = '"xLogPos":9223372036854775807,"timelineID":1,"systemdID":"7575835178962671673"';
const clusterdata = JSON.stringify({
  formatVersion: 1,
  changeTime: '2026-11-20T10:02:30.267000113Z',
  cluster: {
    uid: '63b229f1',
    generation: 1,
    spec: {
      sleepInterval: '5s',
      additionalWalSenders: null,
      initMode: 'pitr',
      role: 'standby',
      newConfig: { locale: 'C', encoding: 'UTF8', dataChecksums: true },
      pitrConfig: {
        dataRestoreCommand: `curl -u joe:${secret} https://backup/%d`,
        archiveRecoverySettings: { restoreCommand },
        recoveryTargetSettings: { recoveryTarget: 'immediate' },
      },
      standbyConfig: { standbySettings: settings, archiveRecoverySettings: { restoreCommand } },
      pgParameters,
      pgHBA,
    },
    status: { phase: 'normal', master: '8652dbd0' },
  },
  keepers: { keeper2: { uid: 'keeper2', generation: 1, spec: {}, status: { healthy: true } } },
  dbs: {
    '8652dbd0': {
      uid: '8652dbd0',
      generation: 3,
      spec: {
        keeperUID: 'keeper2',
        initMode: 'none',
        pgParameters,
        pgHBA,
        role: 'standby',
        followConfig: {
          type: 'external',
          standbySettings: settings,
          archiveRecoverySettings: { restoreCommand },
        },
      },
      status: { healthy: true, listenAddress: '10.0.0.12', port: '5432', positions: 0, pgParameters },
    },
  },
  proxy: { generation: 2, spec: { masterDbUid: '8652dbd0', enabledProxies: ['5f2dd97f'] }, status: {} },
}).replace('"positions":0', positions);

const keeperInfo = JSON.stringify({
  infoUID: '5ab289d2',
  uid: 'keeper2',
  clusterUID: '63b229f1',
  postgresState: { uid: '8652dbd0', generation: 3, healthy: true, pgParameters, positions: 0 },
}).replace('"positions":0', positions.replace('systemdID', 'systemID'));

/** Paths of the strings that differ. */
function changed(before: unknown, after: unknown, path = ''): readonly string[] {
  if (typeof before === 'string' || typeof after === 'string') return before === after ? [] : [path];
  if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null) return [];
  const others = new Map<string, unknown>(Object.entries(after));
  return Object.entries(before).flatMap(([name, value]) => changed(value, others.get(name), `${path}/${name}`));
}

describe("redact on Stolon's records", () => {
  it.each([
    ['clusterdata', clusterdata],
    ['keepers/info', keeperInfo],
  ])('leaves no secret in %s, and its form and numbers as they are', (_, value) => {
    const clean = redact(value);
    expect(value).toContain(secret);
    expect(clean).not.toContain(secret);
    expect(clean).toContain('"xLogPos":9223372036854775807');
    // All that is left when strings are taken out: the form.
    const form = (json: string): string => json.replace(/"(?:[^"\\]|\\.)*"/g, '""');
    expect(form(clean)).toBe(form(value));
  });

  it('changes nothing but commands, connection strings, secret parameters and the two lines of pg_hba', () => {
    const paths = changed(JSON.parse(clusterdata), JSON.parse(redact(clusterdata)));
    const ends = new Set(paths.map((path) => path.split('/').slice(-2).join('/')));
    expect([...ends].sort()).toEqual([
      'archiveRecoverySettings/restoreCommand',
      'pgHBA/1',
      'pgHBA/2',
      'pgParameters/app.jwt_secret',
      'pgParameters/archive_command',
      'pgParameters/primary_conninfo',
      'pgParameters/ssl_passphrase_command',
      'pitrConfig/dataRestoreCommand',
      'standbySettings/primaryConninfo',
    ]);
    expect(redact(clusterdata)).toContain('host=10.1.0.1 port=5432 user=repl password=*** sslmode=prefer');
  });

  it('leaves no secret in a clusterdata that is cut off', () => {
    for (let length = 100; length < clusterdata.length; length += 7) {
      expect(redact(clusterdata.slice(0, length))).not.toContain(secret);
    }
  });
});
