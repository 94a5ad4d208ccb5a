import { describe, expect, it } from 'vitest';
import { Failure } from './failure.ts';
import type { ConfigSource } from './load-config.ts';
import { type Task, taskOf } from './program.ts';

function read(...args: readonly string[]): { readonly task: Task; readonly said: string } {
  let said = '';
  const say = (text: string): void => {
    said += text;
  };
  return { task: taskOf(args, { out: say, err: say, columns: 200 }, () => undefined), said };
}

function failureOf(...args: readonly string[]): string {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof Failure) return `${error.exitCode}: ${error.message}`;
    throw error;
  }
  return 'no failure';
}

const own = { kind: 'own', file: 'a.yml' };
const nothingAsked = {
  cluster: undefined,
  writePort: undefined,
  readPort: undefined,
  ports: new Map(),
  bind: undefined,
  servers: [],
  failClosed: false,
};

describe('the command line', () => {
  it.each<[args: string, task: unknown]>([
    ['--config a.yml', { kind: 'run', source: own, overrides: {} }],
    ['-c a.yml', { kind: 'run', source: own, overrides: {} }],
    ['--patroni-config p.yml', { kind: 'run', source: { kind: 'patroni', file: 'p.yml' }, overrides: {} }],
    [
      '-c a.yml --socket /run/a.sock --listen [::1]:80 --log-level debug',
      {
        kind: 'run',
        source: own,
        overrides: { socket: '/run/a.sock', listen: { host: '::1', port: 80 }, logLevel: 'debug' },
      },
    ],
    ['-d -c=a.yml', { kind: 'run', source: own, overrides: { logLevel: 'debug' } }],
    ['--d=true --c a.yml', { kind: 'run', source: own, overrides: { logLevel: 'debug' } }],
    ['-d=false --c=a.yml', { kind: 'run', source: own, overrides: {} }],
    ['-d -c a.yml --log-level warn', { kind: 'run', source: own, overrides: { logLevel: 'warn' } }],
    ['check-config -c a.yml', { kind: 'check-config', source: own, overrides: {}, print: false }],
    ['check-config -c a.yml --print', { kind: 'check-config', source: own, overrides: {}, print: true }],
    [
      'check-config --patroni-config p.yml --socket /s -d',
      {
        kind: 'check-config',
        source: { kind: 'patroni', file: 'p.yml' },
        overrides: { socket: '/s', logLevel: 'debug' },
        print: false,
      },
    ],
    ['haproxy-config -c a.yml', { kind: 'haproxy-config', source: own, overrides: {}, request: nothingAsked }],
    [
      'haproxy-config -c a.yml --cluster c --write-port 1 --read-port 2 --port x=3 --port y=4 --bind ::1 --socket /s --server a=h:5 --server b=[::1]:6 --fail-closed',
      {
        kind: 'haproxy-config',
        source: own,
        overrides: { socket: '/s' },
        request: {
          cluster: 'c',
          writePort: 1,
          readPort: 2,
          ports: new Map([
            ['x', 3],
            ['y', 4],
          ]),
          bind: '::1',
          servers: [
            { name: 'a', host: 'h', port: 5 },
            { name: 'b', host: '::1', port: 6 },
          ],
          failClosed: true,
        },
      },
    ],
  ])('%s', (args, task) => {
    expect(read(...args.split(' ')).task).toEqual(task);
  });

  it.each<[args: string, failure: RegExp]>([
    ['', /^2: give --config FILE or --patroni-config FILE/],
    ['check-config', /^2: give --config FILE or --patroni-config FILE/],
    ['-c a.yml --patroni-config b.yml', /^2: give either/],
    ['--frobnicate', /^2: unknown option '--frobnicate'/],
    ['--confg a.yml', /^2: unknown option '--confg'\n\(Did you mean --config\?\)/],
    ['frobnicate', /^2: unknown command|^2: too many arguments/],
    ['-c', /^2: option '-c, --config <file>' argument missing/],
    ['-c a.yml -d=perhaps', /^2: unknown option/],
    ['-c a --listen 8080', /^2: .*is not HOST:PORT/],
    ['-c a --log-level loud', /^2: .*Allowed choices are debug, info, warn, error/],
    ['haproxy-config -c a --write-port 0', /^2: .*must lie between 1 and 65535/],
    ['haproxy-config -c a --write-port x', /^2: .*a whole number is needed/],
    ['haproxy-config -c a --port 5000', /^2: .*write SERVICE=PORT/],
    ['haproxy-config -c a --server pg1', /^2: .*write NAME=HOST:PORT/],
    ['haproxy-config -c a --server pg1=h', /^2: .*is not HOST:PORT/],
  ])('%s is refused', (args, failure) => {
    expect(failureOf(...args.split(' ').filter((arg) => arg !== ''))).toMatch(failure);
  });

  it('asks where the configuration is when no file is named, or an empty one', () => {
    const found: ConfigSource = { kind: 'pgroute66', file: '/etc/pgroute66/config.yaml' };
    const say = (): void => {};
    for (const args of [[], ['-c', ''], ['-c='], ['check-config'], ['haproxy-config']])
      expect(taskOf(args, { out: say, err: say, columns: 200 }, () => found)).toMatchObject({ source: found });
  });

  it('tells its version and its help, and then there is nothing to do', () => {
    for (const flag of ['-v', '--v', '-v=true'])
      expect(read(flag)).toEqual({ task: { kind: 'nothing' }, said: 'dev\n' });
    for (const flag of ['--version', '-V'])
      expect(read(flag)).toEqual({ task: { kind: 'nothing' }, said: expect.stringMatching(/^pgrouted dev\n(.*\n)+$/) });
    for (const args of [['--help'], ['check-config', '--help'], ['haproxy-config', '--help']]) {
      const { task, said } = read(...args);
      expect(task).toEqual({ kind: 'nothing' });
      expect(said).toContain('--patroni-config <file>');
    }
    expect(read('--help').said).toMatch(
      /^Exit codes:\n {2}0 +stopped\n(.*\n)+ {2}78 +wrong or unreadable configuration/m,
    );
    expect(read('--help').said).toMatch(/^ {2}HUP +read the configuration again/m);
    expect(read('check-config', '--help').said).toMatch(/^ {2}0 +no errors$/m);
  });
});
