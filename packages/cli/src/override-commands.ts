// The commands that change something, and those that show what was changed: their options and help. The work is done in commands/.
import { type Command, Option } from 'commander';
import type { RouterAddress } from './api/request.ts';
import { fleet } from './commands/fleet.ts';
import { type Action, liftOverride, listOverrides, setOverride } from './commands/override.ts';
import type { Output } from './commands/status.ts';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { spanOption, waitOption, weightArgument } from './options.ts';

interface Surroundings {
  readonly io: Io;
  readonly routerOf: () => RouterAddress;
  readonly ended: (code: ExitCode) => void;
  readonly outputOption: () => Option;
}

interface ChangeOptions {
  readonly cluster?: string;
  readonly owner?: string;
  readonly tokenFile?: string;
  readonly output: Output;
}

interface SettingOptions extends ChangeOptions {
  readonly service?: string;
  readonly for?: number;
  readonly reason: string;
}

const meanings: Readonly<Record<Action, string>> = {
  maint: 'take a member out; its sessions end as the service says for maintenance (by default drained, then killed)',
  drain: 'send a member no new sessions; open ones stay',
  ready: 'let a standby in although it lags, bears noloadbalance or is not selected; never what is not safe',
  weight: 'weigh a member: 0 to 256, instead of what its tag says',
};

export function addOverrideCommands(program: Command, { io, routerOf, ended, outputOption }: Surroundings): void {
  for (const action of ['maint', 'drain', 'ready', 'weight'] as const) {
    const command = program.command(action).description(meanings[action]).argument('<member>', 'which member');
    if (action === 'weight') command.argument('<weight>', '0 to 256; 0: no new sessions', weightArgument);
    withChange(command, outputOption)
      .option('--service <name>', 'in this service only (default: in all of the cluster)')
      .option('--for <duration>', 'for how long (default: until it is lifted)', spanOption)
      .requiredOption('--reason <text>', 'why: shown wherever it has an effect')
      .action(async (member: string, ...rest: readonly unknown[]) => {
        const weight = typeof rest[0] === 'number' ? rest[0] : undefined;
        const options = command.opts<SettingOptions>();
        ended(
          await setOverride(io, {
            router: routerOf(),
            output: options.output,
            action,
            member,
            weight,
            cluster: options.cluster,
            service: options.service,
            forMs: options.for,
            reason: options.reason,
            owner: options.owner,
            tokenFile: options.tokenFile,
          }),
        );
      });
  }

  const lift = program.command('lift').description('take an override back').argument('<id>', 'as `overrides` names it');
  withChange(lift, outputOption).action(async (id: string, options: ChangeOptions) => {
    const { output, cluster, owner, tokenFile } = options;
    ended(await liftOverride(io, { router: routerOf(), output, id, cluster, owner, tokenFile }));
  });

  program
    .command('overrides')
    .description('every override that stands: whose, why, and until when')
    .option('--cluster <name>', 'only of this cluster')
    .addOption(outputOption())
    .action(async ({ cluster, output }: { readonly cluster?: string; readonly output: Output }) => {
      ended(await listOverrides(io, { router: routerOf(), output, cluster }));
    });

  program
    .command('fleet')
    .description(
      'the routers that share a prefix in etcd; ends with 0 if all of them lead to the present leader, else 1',
    )
    .option('--cluster <name>', 'only this cluster')
    .option('--wait <seconds>', 'wait so long for it', waitOption)
    .addOption(outputOption())
    .action(async (options: { readonly cluster?: string; readonly wait?: number; readonly output: Output }) => {
      const { cluster, wait: waitMs, output } = options;
      ended(await fleet(io, { router: routerOf(), output, cluster, waitMs }));
    });
}

const withChange = (command: Command, outputOption: () => Option): Command =>
  command
    .option('--cluster <name>', 'which cluster, if the router has several')
    .option('--owner <name>', 'who asks (default: SUDO_USER or USER, and the host)')
    .addOption(
      new Option('--token-file <file>', 'the secret of http.control (else PGROUTED_TOKEN_FILE, PGROUTED_TOKEN)'),
    )
    .addOption(outputOption());
