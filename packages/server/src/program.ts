// The command line of the daemon: commands, options, help. What is to be done comes out as a value; main.ts does it.
import * as readers from '@pgrouted/core/config/readers';
import type { FragmentMember } from '@pgrouted/core/haproxy/fragment';
import { manualText } from '@pgrouted/core/manual/manual';
import { Command, CommanderError, Help, Option } from 'commander';
import { exitCodes, Failure } from './failure.ts';
import type { FragmentRequest } from './haproxy-config.ts';
import { type ConfigSource, type Overrides, ownFile, pgRoute66File } from './load-config.ts';
import { manuals } from './manual.ts';
import { port, read, server, servicePort } from './options.ts';
import { about, version } from './version.ts';

export type Task =
  | { readonly kind: 'run'; readonly source: ConfigSource; readonly overrides: Overrides }
  | {
      readonly kind: 'check-config';
      readonly source: ConfigSource;
      readonly overrides: Overrides;
      readonly print: boolean;
    }
  | {
      readonly kind: 'haproxy-config';
      readonly source: ConfigSource;
      readonly overrides: Overrides;
      readonly request: FragmentRequest;
    }
  /** --help or --version: said already. */
  | { readonly kind: 'nothing' };

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number;
}

interface SourceOptions {
  readonly config?: string;
  readonly patroniConfig?: string;
}

interface RunOptions extends SourceOptions {
  readonly d?: true;
  readonly socket?: string;
  readonly listen?: readers.HostAndPort;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

interface FragmentOptions extends SourceOptions {
  readonly socket?: string;
  readonly cluster?: string;
  readonly writePort?: number;
  readonly readPort?: number;
  readonly port?: ReadonlyMap<string, number>;
  readonly bind?: string;
  readonly server?: readonly FragmentMember[];
  readonly failClosed?: true;
}

/** Reads the arguments; `unnamed`: the configuration where they name none. Throws Failure (`usage`). */
export function taskOf(args: readonly string[], terminal: Terminal, unnamed: () => ConfigSource | undefined): Task {
  let task: Task = { kind: 'nothing' };
  const program = build(terminal, unnamed, (chosen) => {
    task = chosen;
  });
  try {
    program.parse(args.flatMap(plainFlag), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw new Failure(exitCodes.usage, error.message.replace(/^error: /, ''));
  }
  return task;
}

/** PgRoute66's three flags in the ways that Go reads them: one dash or two, a value after a space or after `=`. */
function plainFlag(arg: string): readonly string[] {
  const [, flag = '', value] = /^--?([cdv])(?:=(.*))?$/s.exec(arg) ?? [];
  if (flag === '') return [arg];
  if (flag === 'c') return value === undefined ? ['-c'] : ['-c', value];
  if (value === undefined || /^(1|t|true)$/i.test(value)) return [`-${flag}`];
  return /^(0|f|false)$/i.test(value) ? [] : [arg];
}

/** The commands and options, for whoever describes them; it is not to be run. */
export function commandTree(): Command {
  const nowhere: Terminal = { out: () => {}, err: () => {}, columns: 100 };
  return build(
    nowhere,
    () => undefined,
    () => {},
  );
}

function build(terminal: Terminal, unnamed: () => ConfigSource | undefined, choose: (task: Task) => void): Command {
  const sourceOf = sourceFrom(unnamed);
  const program = configured(new Command('pgrouted'), terminal)
    .description(
      'Keeps PostgreSQL traffic on the right server: watches Patroni or Stolon in etcd, or PostgreSQL itself, and tells HAProxy.',
    )
    .version(about, '-V, --version', 'print version, commit, runtime and protocols')
    .option('-v', 'print the version alone')
    .on('option:v', () => {
      terminal.out(`${version}\n`);
      throw new CommanderError(0, 'commander.version', version);
    })
    .enablePositionalOptions();
  withOverrides(withSource(program)).action((options: RunOptions) => {
    choose({ kind: 'run', source: sourceOf(options), overrides: overridesOf(options) });
  });

  withOverrides(withSource(configured(program.command('check-config'), terminal)))
    .description('tell every error in a configuration, with file, line and remedy; contacts nobody')
    .option('--print', 'print what it comes to, as JSON, without passwords')
    .action((options: RunOptions & { readonly print?: true }) => {
      const { print = false } = options;
      choose({ kind: 'check-config', source: sourceOf(options), overrides: overridesOf(options), print });
    });

  withSource(configured(program.command('haproxy-config'), terminal))
    .description('print the part of a haproxy.cfg that pgrouted drives')
    .option('--cluster <name>', 'which cluster, if several are configured')
    .option(
      '--write-port <port>',
      "where clients of a write service connect that has no 'listen' (default: 5000)",
      read(port),
    )
    .option(
      '--read-port <port>',
      "where clients of a read service connect that has no 'listen' (default: 5001)",
      read(port),
    )
    .option('--port <service=port>', 'where clients of this service connect; may be repeated', servicePort)
    .option('--fail-closed', 'let HAProxy ask pgrouted about each server, so that a dead pgrouted closes the services')
    .option('--bind <address>', 'the address that clients connect to (default: all)')
    .option(
      '--socket <path>',
      "HAProxy's stats socket, instead of the one configured",
      read(readers.socketPath(process.cwd())),
    )
    .option('--server <name=host:port>', 'a member, instead of asking etcd; may be repeated', server)
    .action((options: FragmentOptions) => {
      const { socket, cluster, writePort, readPort, bind } = options;
      choose({
        kind: 'haproxy-config',
        source: sourceOf(options),
        overrides: socket === undefined ? {} : { socket },
        request: {
          cluster,
          writePort,
          readPort,
          ports: options.port ?? new Map(),
          bind,
          servers: options.server ?? [],
          failClosed: options.failClosed === true,
        },
      });
    });
  return program;
}

function configured(command: Command, { out, err, columns }: Terminal): Command {
  return command
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', () => helpTextOf(command, columns))
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: () => {},
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
    });
}

function helpTextOf(command: Command, columns: number): string {
  const manual = manuals[command.parent === null ? '' : command.name()] ?? {};
  return manualText(manual, columns, (text, width) => new Help().boxWrap(text, width));
}

function withSource(command: Command): Command {
  return command
    .option('-c, --config <file>', "pgrouted's own configuration, or PgRoute66's: see pgrouted.yaml(5)")
    .option(
      '--patroni-config <file>',
      "Patroni's configuration of this server: scope, namespace and etcd are taken from it",
    );
}

function withOverrides(command: Command): Command {
  return command
    .option(
      '--socket <path>',
      "HAProxy's stats socket, instead of those configured",
      read(readers.socketPath(process.cwd())),
    )
    .option('--listen <host:port>', 'where the HTTP API listens, instead of what is configured', read(readers.listen))
    .addOption(
      new Option('--log-level <level>', 'how much is logged, instead of what is configured').choices([
        'debug',
        'info',
        'warn',
        'error',
      ]),
    )
    .option('-d', 'the same as --log-level debug');
}

function overridesOf({ d, socket, listen, logLevel = d === true ? 'debug' : undefined }: RunOptions): Overrides {
  return {
    ...(socket === undefined ? {} : { socket }),
    ...(listen === undefined ? {} : { listen }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}

const sourceFrom =
  (unnamed: () => ConfigSource | undefined) =>
  ({ config, patroniConfig }: SourceOptions): ConfigSource => {
    if (config !== undefined && patroniConfig !== undefined)
      throw new Failure(exitCodes.usage, 'give either --config or --patroni-config');
    if (patroniConfig !== undefined) return { kind: 'patroni', file: patroniConfig };
    // `-c ''` names none, as with PgRoute66.
    const source: ConfigSource | undefined = config ? { kind: 'own', file: config } : unnamed();
    if (source !== undefined) return source;
    throw new Failure(
      exitCodes.usage,
      `give --config FILE or --patroni-config FILE (there is neither ${ownFile} nor ${pgRoute66File}); --help tells more`,
    );
  };
