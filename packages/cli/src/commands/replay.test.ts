// `replay` on a stream that was recorded from a real switchover, and on input that is none.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { pgroutectl, type World } from '../../test/router.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgroutectl-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../core/test/fixtures/patroni/${name}.jsonl`, import.meta.url));
const events = fixture('switchover');
const probes = fixture('probes/switchover');

let files = 0;
function written(text: string): string {
  files += 1;
  const path = join(folder, `file${files}`);
  writeFileSync(path, text);
  return path;
}

// Its password file does not exist and its etcd answers nobody: a replay needs neither.
const config = written(`
etcd: { endpoints: ["http://127.0.0.1:1"], user: joe, password_file: /does/not/exist }
clusters:
  - patroni: { scope: demo }
    probe: { user: joe, password_env: NOT_SET }
`);
const withoutProbe = written('etcd: { endpoints: ["http://127.0.0.1:1"] }\nclusters: [{ patroni: { scope: demo } }]\n');

async function replay(args: readonly string[], world: World = {}) {
  const run = pgroutectl(['replay', ...args], world);
  const code = await run.code;
  return {
    code,
    out: run.out(),
    err: run.err(),
    lines: run
      .out()
      .split('\n')
      .filter((line) => line !== ''),
  };
}

describe('pgroutectl replay', () => {
  it('prints each change of the decision as a JSON line', async () => {
    const { code, lines, err } = await replay(['-c', config, '--probe', probes, events]);
    expect([code, err]).toEqual([0, '']);
    const changes = lines.map((line) => JSON.parse(line));
    for (const change of changes) expect(Object.keys(change)).toEqual(['t_ms', 'service', 'member', 'state', 'reason']);
    const writer = changes.filter((change) => change.service === 'primary' && change.state === 'ready');
    expect(writer.map((change) => [change.member, change.reason.code])).toEqual([
      ['n1', 'leader_proven'],
      ['n2', 'leader_proven'],
    ]);
    expect(writer[1].reason).toMatchObject({
      code: 'leader_proven',
      text: 'n2 holds the leader key and PostgreSQL says that it is not in recovery',
      facts: { member: 'n2' },
    });
  });

  it('decides by records without --probe', async () => {
    const { lines } = await replay(['-c', config, events]);
    expect(lines[0]).toContain('leader_proven_by_record');
  });

  it('says the same twice', async () => {
    const args = ['-c', config, '--probe', probes, events];
    expect((await replay(args)).out).toBe((await replay(args)).out);
  });

  it.each(['5000', '5s', '5000.0'])('stops at --until %s', async (until) => {
    const { lines } = await replay(['-c', config, '--probe', probes, '--until', until, events]);
    expect(lines.map((line) => JSON.parse(line).t_ms).every((t) => t <= 5_000)).toBe(true);
    expect(lines.length).toBeGreaterThan(3);
  });

  it('reads standard input for -', async () => {
    const fromFile = await replay(['-c', config, events]);
    const fromInput = await replay(['-c', config, '-'], { input: readFileSync(events, 'utf8') });
    expect(fromInput.out).toBe(fromFile.out);
  });

  it('prints the same changes for people with --text', async () => {
    const { lines } = await replay(['-c', config, '--probe', probes, events]);
    const { out } = await replay(['-c', config, '--probe', probes, '--text', events]);
    expect(out.match(/^ +\d+\.\d{3} s /gm)).toHaveLength(lines.length);
    expect(out).toMatch(/ s {2}primary {2}n2 +ready {2}n2 holds the leader key and PostgreSQL says/);
  });

  const others = written(
    'etcd: { endpoints: ["http://a:1"] }\nclusters: [{ patroni: { scope: a } }, { patroni: { scope: demo } }]\n',
  );
  it('asks which cluster if there are several', async () => {
    const without = await replay(['-c', others, events]);
    expect(without.code).toBe(2);
    expect(without.err).toBe(
      'pgroutectl: the configuration has several clusters (a, demo); say which one with --cluster NAME\n',
    );
    expect((await replay(['-c', others, '--cluster', 'demo', events])).code).toBe(0);
    const wrong = await replay(['-c', others, '--cluster', 'demon', events]);
    expect([wrong.code, wrong.err]).toEqual([
      2,
      'pgroutectl: the configuration has no cluster named demon; it has a, demo\n',
    ]);
  });

  const bad = written('{"t_ms":0,"type":"put"}\n');
  const cases: readonly (readonly [string, readonly string[], number, string])[] = [
    ['no such recording', ['-c', config, '/no/such'], 1, "the recording can't be read: ENOENT"],
    ['no such configuration', ['-c', '/no/such', events], 2, "the configuration can't be read: ENOENT"],
    ['a line that does not fit', ['-c', config, bad], 1, `${bad}:1: `],
    [
      'an empty recording',
      ['-c', config, '-'],
      1,
      '(standard input) holds no key of etcd: is it a stream of `pgroutectl record`?',
    ],
    [
      'a recording of another cluster',
      ['-c', others, '--cluster', 'a', events],
      1,
      'holds no key below /service/a/ (it has /service/demo/',
    ],
    [
      'standard input twice',
      ['-c', config, '--probe', '-', '-'],
      2,
      'only one of EVENTS and --probe can be standard input',
    ],
    [
      'probes that the configuration would not look at',
      ['-c', withoutProbe, '--probe', probes, events],
      2,
      'add `probe: {}`',
    ],
    ['a time that is none', ['-c', config, '--until', 'noon', events], 2, 'milliseconds such as 5800'],
  ];
  it.each(cases)('refuses %s', async (_, args, exitCode, message) => {
    const { code, err, out } = await replay(args);
    expect(err).toContain(message);
    expect([code, out]).toEqual([exitCode, '']);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('shows every error of the configuration with its place', async () => {
    const broken = written('etcd: { endpoint: [] }\nclusters: []\nfoo: 1\n');
    const { code, err } = await replay(['-c', broken, events]);
    expect(code).toBe(2);
    for (const line of err.trimEnd().split('\n'))
      expect(line).toMatch(new RegExp(`^pgroutectl: ${broken}:\\d+:\\d+: `));
    expect(err.trimEnd().split('\n').length).toBeGreaterThan(1);
  });
});
