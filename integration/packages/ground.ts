// What the checks on one Debian system share: the machine, the packages to install there, the sheet, and how a DBA installs.
// Knows no check.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../lab/process.ts';
import type { Machine } from './machine.ts';
import type { Outcome } from './run-program.ts';
import type { Sheet } from './sheet.ts';

export interface Packages {
  /** The package that was built, and its version as dpkg has it. */
  readonly deb: string;
  readonly version: string;
  /** The same as an older version. */
  readonly older: string;
  /** The archive for systems with neither dpkg nor rpm. */
  readonly archive: string;
}

export interface Ground {
  readonly sheet: Sheet;
  readonly machine: Machine;
  readonly packages: Packages;
}

/** `apt install ./FILE`, answering no questions, with what the package depends on and without what it recommends. */
export async function install({ machine }: Ground, deb: string, ...more: readonly string[]): Promise<Outcome> {
  // Into the root's own folder for such things: in /tmp apt's own user might not read it.
  copyFileSync(deb, join(machine.files, 'opt/pgrouted.deb'));
  const outcome = await apt({ machine }, 'install', ...more, '/opt/pgrouted.deb');
  await machine.must('rm /opt/pgrouted.deb');
  return outcome;
}

/** Any other thing that apt does; with the network of this machine. Throws when apt says that it failed. */
export async function apt({ machine }: Pick<Ground, 'machine'>, ...words: readonly string[]): Promise<Outcome> {
  const outcome = await machine.run(`apt-get -q -y --no-install-recommends ${words.join(' ')} 2>&1`, {
    network: true,
    patienceMs: 300_000,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (outcome.code !== 0) throw new Error(outcome.told);
  return outcome;
}

/** A field of the installed package, as `dpkg-query` has it: `Version`, `Depends`. */
export const field = async (machine: Machine, name: string): Promise<string> =>
  (await machine.must(`dpkg-query --show --showformat='\${${name}}' pgrouted`)).trim();

/** A property of the service as `systemctl show` has it. */
export const property = async (machine: Machine, name: string): Promise<string> =>
  (await machine.must(`systemctl show --property=${name} --value pgrouted`)).trim();

/** The last lines of the service's journal, for messages. */
export const journal = async (machine: Machine): Promise<string> =>
  (await machine.run('journalctl --unit=pgrouted --no-pager --output=cat --lines=20')).stdout;

/** As `eventually`; says what the service itself said when it does not come to pass. */
export async function comesToPass(
  machine: Machine,
  what: string,
  check: () => Promise<boolean>,
  patienceMs = 20_000,
): Promise<void> {
  try {
    await eventually(what, check, patienceMs, 100);
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}; the service's journal:\n${await journal(machine)}`,
      { cause: error },
    );
  }
}
