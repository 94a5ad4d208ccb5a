// `replay` on a Stolon stream: a failover with two registered proxies, decided as a passive reader and as one of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { pgroutectl } from '../../test/router.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgroutectl-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../core/test/fixtures/stolon/${name}.jsonl`, import.meta.url));
const failover = fixture('failover');

let files = 0;
function written(text: string): string {
  files += 1;
  const path = join(folder, `file${files}`);
  writeFileSync(path, text);
  return path;
}

const config = (source: string, probe = 'probe: {}'): string =>
  written(`etcd: { endpoints: ["http://127.0.0.1:1"] }\nclusters:\n  - ${source}\n    ${probe}\n`);
const registered = config('stolon: { name: demo }');
const passive = config('stolon: { name: demo, register: false }');
const byRecords = config('stolon: { name: demo }', '');

/** As the marks beside the stream tell: keeper2 dies, keeper1 is promoted 141 ms before it is named. */
const probes = written(
  [
    { t_ms: 0, node: 'keeper1', probe: 'pg', value: 'standby' },
    { t_ms: 0, node: 'keeper2', probe: 'pg', value: 'primary' },
    { t_ms: 0, node: 'keeper3', probe: 'pg', value: 'standby' },
    { t_ms: 3_000, node: 'keeper2', probe: 'pg', value: 'down' },
    { t_ms: 35_149, node: 'keeper1', probe: 'pg', value: 'primary' },
  ]
    .map((line) => JSON.stringify(line))
    .join('\n'),
);

async function replay(...args: readonly string[]) {
  const run = pgroutectl(['replay', ...args]);
  const code = await run.code;
  const changes = run
    .out()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const ins = changes
    .filter(({ service, state }) => service === 'primary' && state === 'ready')
    .map(({ t_ms, member, reason }) => `${t_ms} ${member} ${reason.code}`);
  return { code, out: run.out(), err: run.err(), changes, ins };
}

describe('pgroutectl replay of a Stolon stream', () => {
  it('decides as a passive reader, and says so once with the proxies that the recording has', async () => {
    const { code, ins, err } = await replay('-c', registered, '--probe', probes, failover);
    expect(code).toBe(0);
    expect(ins).toEqual(['0 keeper2 leader_proven', expect.stringMatching(/^35[23]\d\d keeper1 leader_proven$/)]);
    expect(err).toBe(
      'pgroutectl: decided as a passive reader would; --as UID decides as that registered proxy of the recording had to (it has 5f2dd97f, de527100)\n',
    );
  });

  it('with --as decides as that proxy had to: no sooner than it had acknowledged the naming', async () => {
    const { code, ins, err } = await replay('-c', registered, '--probe', probes, '--as', 'de527100', failover);
    expect([code, err]).toEqual([0, '']);
    expect(ins[0]).toMatch(/keeper2 leader_proven$/);
    // It acknowledged generation 4 at 37.055 s; keeper1 was named at 35.290 s.
    expect(ins.at(-1)).toBe('37055 keeper1 leader_proven');
  });

  it('says nothing of proxies where the configuration asks for a passive reader', async () => {
    const { code, err, out } = await replay('-c', passive, '--probe', probes, failover);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe((await replay('-c', registered, '--probe', probes, failover)).out);
  });

  it('decides by clusterdata without --probe', async () => {
    const { ins } = await replay('-c', byRecords, failover);
    expect(ins).toEqual(['0 keeper2 leader_proven_by_record', '45318 keeper1 leader_proven_by_record']);
  });

  it('names the keepers, in words of Stolon', async () => {
    const { changes } = await replay('-c', byRecords, failover);
    expect(changes[0]).toMatchObject({
      member: 'keeper1',
      reason: { text: 'Stolon names keeper2 as master, not keeper1' },
    });
  });

  const patroni = config('patroni: { scope: demo }');
  const elsewhere = config('stolon: { name: demo, prefix: orion/cluster }');
  const empty = written(
    '{"t_ms":0,"type":"put","key":"stolon/cluster/demo/clusterdata","value":"{}","lease":"0","mod_revision":1}\n',
  );
  const cases: readonly (readonly [string, readonly string[], number, string])[] = [
    [
      'a proxy that is not there',
      ['-c', registered, '--as', '5f2d', failover],
      1,
      'holds no proxy 5f2d; it has 5f2dd97f, de527100',
    ],
    ['a proxy where there are none', ['-c', registered, '--as', '5f2d', empty], 1, 'holds no proxy 5f2d; it has none'],
    [
      'a proxy of a Patroni cluster',
      ['-c', patroni, '--as', '5f2d', fixture('../patroni/switchover')],
      2,
      "is Patroni's: it has no proxies to replay as",
    ],
    [
      'a recording of another prefix',
      ['-c', elsewhere, failover],
      1,
      'holds no key below orion/cluster/demo/ (it has stolon/cluster/demo/clusterdata): is it of another cluster than',
    ],
    [
      'a recording of another manager',
      ['-c', patroni, failover],
      1,
      'holds no key below /service/demo/ (it has stolon/cluster/demo/clusterdata)',
    ],
  ];
  it.each(cases)('refuses %s', async (_, args, exitCode, message) => {
    const { code, err, out } = await replay(...args);
    expect(err).toContain(message);
    expect([code, out]).toEqual([exitCode, '']);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});
