// The command line: commands, options, help, and how an outcome becomes an exit code. The work is done in commands/.
import { Readable } from 'node:stream';
import { manualText } from '@pgrouted/core/manual/manual';
import { Argument, Command, CommanderError, Help, Option } from 'commander';
import { defaultUrl, parseUrl, type RouterAddress } from './api/request.ts';
import { type Completable, completable, complete } from './commands/complete.ts';
import { type EventsOptions, events } from './commands/events.ts';
import { explain } from './commands/explain.ts';
import { lint } from './commands/lint.ts';
import { record } from './commands/record.ts';
import { replay } from './commands/replay.ts';
import { type Output, status } from './commands/status.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import { type Io, systemClock } from './io.ts';
import { manuals } from './manual.ts';
import { countOption, kinds, kindsOption, sinceOption, spanOption, untilOption } from './options.ts';
import { addOverrideCommands } from './override-commands.ts';
import { about } from './version.ts';

interface GlobalOptions {
  readonly url?: string;
  readonly timeout: number;
}

/** Runs one command to its end. Gives the exit code; every failure has been written to standard error as one line. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let outcome: ExitCode = exitCodes.ok;
  const program = build(io, (code) => {
    outcome = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return outcome;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Failure)) throw error;
    for (const line of error.message.split('\n')) io.err(`pgroutectl: ${line}\n`);
    return error.exitCode;
  }
}

/** The commands and options, for whoever describes them; it is not to be run. */
export function commandTree(): Command {
  const nowhere: Io = {
    out: () => {},
    err: () => {},
    input: Readable.from([]),
    env: {},
    columns: undefined,
    errIsTerminal: false,
    clock: systemClock,
    interrupted: AbortSignal.abort(),
  };
  return build(nowhere, () => {});
}

function build(io: Io, ended: (code: ExitCode) => void): Command {
  const program = new Command('pgroutectl')
    .description(
      'Shows and explains what pgrouted knows, decides and holds; sets overrides; records and replays what it saw.',
    )
    .version(about, '-V, --version', 'print version, commit, runtime and protocols')
    .option('--url <url>', `where pgrouted's API is (else PGROUTED_URL, else ${defaultUrl})`)
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for an answer').argParser(spanOption).default(5_000, '5s'),
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpCommand(
      new Command('help')
        .description('print the help of a command')
        .argument('[command]', 'which command; without it the help of pgroutectl itself')
        .helpOption(false),
    )
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'pgroutectl: ')),
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
    });
  const routerOf = (): RouterAddress => {
    const { url, timeout } = program.opts<GlobalOptions>();
    return { url: parseUrl(url ?? io.env['PGROUTED_URL'] ?? defaultUrl), timeoutMs: timeout };
  };

  program
    .command('status')
    .description('the whole picture: clusters, members, services, HAProxy, etcd')
    .addOption(outputOption())
    .option('-w, --watch [interval]', 'again and again, each second unless told otherwise', spanOption)
    .action(async (options: { readonly output: Output; readonly watch?: number | true }) => {
      const watchMs = options.watch === true ? 1_000 : options.watch;
      ended(await status(io, { router: routerOf(), output: options.output, watchMs }));
    });

  program
    .command('explain')
    .description('for each service and member: in or out, and why')
    .argument('[member]', 'only this member')
    .option('--cluster <name>', 'only this cluster')
    .option('--service <name>', 'only this service')
    .addOption(outputOption())
    .action(
      async (
        member: string | undefined,
        options: { readonly cluster?: string; readonly service?: string; readonly output: Output },
      ) => {
        const asked = { member, cluster: options.cluster, service: options.service };
        ended(await explain(io, { router: routerOf(), output: options.output, asked }));
      },
    );

  program
    .command('events')
    .description('the journal: what was seen, decided and done, and when')
    .option('-f, --follow', 'go on with new entries until Ctrl-C')
    .option('--since <seq|duration>', "after this entry's number, or this long ago", sinceOption)
    .addOption(new Option('--kind <kind,...>', 'only these kinds').choices(kinds).argParser(kindsOption))
    .option('-n, --count <number>', 'at most so many, the newest (default: 20; with --since: all)', countOption)
    .addOption(outputOption('table for people, json for one entry a line'))
    .action(
      async (options: {
        readonly follow?: true;
        readonly since?: EventsOptions['since'];
        readonly kind?: EventsOptions['kinds'];
        readonly count?: number;
        readonly output: Output;
      }) => {
        const { since } = options;
        const count = options.count ?? (since === undefined ? 20 : undefined);
        ended(
          await events(io, {
            router: routerOf(),
            output: options.output,
            follow: options.follow ?? false,
            since,
            kinds: options.kind ?? [],
            count,
          }),
        );
      },
    );

  addOverrideCommands(program, { io, routerOf, ended, outputOption });

  program
    .command('lint')
    .description('what each HAProxy lacks to be driven safely, and what to do about it')
    .addOption(outputOption())
    .action(async ({ output }: { readonly output: Output }) => {
      ended(await lint(io, { router: routerOf(), output }));
    });

  program
    .command('record')
    .description(
      "write etcd's keys and changes to a file, for replay and post-mortems; passwords and commands in them are replaced",
    )
    .requiredOption('-c, --config <file>', "pgrouted's configuration: where etcd is, which cluster, how to probe")
    .option('--cluster <name>', 'which cluster, if the configuration has several')
    .option('--duration <duration>', 'for how long (default: until Ctrl-C)', spanOption)
    .option('-o, --output <file>', 'where to, readable by its owner only (default: standard output)')
    .option(
      '--probe <file>',
      'ask each PostgreSQL too, as `probe:` in the configuration says, and write the answers to this file',
    )
    .option('--force', 'overwrite files that exist')
    .action(
      async (options: {
        readonly config: string;
        readonly cluster?: string;
        readonly duration?: number;
        readonly output?: string;
        readonly probe?: string;
        readonly force?: true;
      }) => {
        const { config, cluster, output, probe, force = false } = options;
        const { timeout } = program.opts<GlobalOptions>();
        ended(
          await record(io, { config, cluster, durationMs: options.duration, output, probe, force, timeoutMs: timeout }),
        );
      },
    );

  program
    .command('replay')
    .description('what the router would decide on a recording, as JSON lines; contacts nobody')
    .argument('<events>', 'a file of `pgroutectl record`, - for standard input')
    .requiredOption('-c, --config <file>', "pgrouted's configuration: which cluster, services and limits")
    .option('--cluster <name>', 'which cluster, if the configuration has several')
    .option('--probe <file>', "what PostgreSQL said; without it the members' own records decide")
    .option('--as <uid>', 'Stolon: as this proxy of the recording, which was registered; else as a passive reader')
    .option('--until <ms>', 'stop at this time of the recording (default: at its last line)', untilOption)
    .option('--text', 'lines for people instead of JSON')
    .action(
      async (
        file: string,
        options: {
          readonly config: string;
          readonly cluster?: string;
          readonly probe?: string;
          readonly as?: string;
          readonly until?: number;
          readonly text?: true;
        },
      ) => {
        const { config, cluster, probe, as, until, text = false } = options;
        ended(await replay(io, { config, cluster, events: file, probe, as, untilMs: until, text }));
      },
    );

  program
    .command('complete', { hidden: true })
    .description('for completions of shells: names that the router knows')
    .addArgument(new Argument('<names>').choices(completable))
    .option('--cluster <name>', 'only of this cluster')
    .action(async (names: Completable, { cluster }: { readonly cluster?: string }) => {
      ended(await complete(io, { routerOf, names, cluster }));
    });

  for (const command of [program, ...program.commands])
    command.addHelpText('after', () => helpTextOf(command, io.columns ?? 100));
  return program;
}

function helpTextOf(command: Command, columns: number): string {
  const manual = manuals[command.parent === null ? '' : command.name()] ?? {};
  return manualText(manual, columns, (text, width) => new Help().boxWrap(text, width));
}

function outputOption(description = 'table for people, json for programs'): Option {
  return new Option('-o, --output <form>', description).choices(['table', 'json']).default('table');
}
