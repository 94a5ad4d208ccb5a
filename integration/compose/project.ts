// Our docker-compose.yml under one engine, through Docker's own compose: what a user types, and what came of it.
// Knows the services of the file and nothing of how they are checked.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, runProgram } from '../packages/run-program.ts';

export const top = fileURLToPath(new URL('../..', import.meta.url));
export const composeFile = join(top, 'docker-compose.yml');
export const nodeNames = ['node1', 'node2', 'node3'] as const;
export type NodeName = (typeof nodeNames)[number];

export interface ProjectOptions {
  /** The program `docker-compose`, version 2. */
  readonly program: string;
  /** For its own files. */
  readonly folder: string;
  /** DOCKER_HOST; undefined: no engine is asked. */
  readonly host?: string;
  /** More compose files, on top of ours. */
  readonly files?: readonly string[];
}

export interface Project {
  /** The words behind `docker compose`. How it ends is for the caller to judge. */
  readonly run: (args: readonly string[], patienceMs?: number) => Promise<Outcome>;
  /** As `run`; throws unless it ends with 0. Gives what it printed. */
  readonly must: (args: readonly string[], patienceMs?: number) => Promise<string>;
  /** A command in a service that runs; throws unless it ends with 0. */
  readonly exec: (service: string, command: readonly string[], user?: string) => Promise<string>;
}

export function openProject({ program, folder, host, files = [] }: ProjectOptions): Project {
  const fixed = [
    '--ansi=never',
    '--progress=plain',
    '--project-name=pgrouted',
    ...[composeFile, ...files].flatMap((file) => ['--file', file]),
  ];
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    HOME: folder,
    DOCKER_CONFIG: join(folder, 'docker'),
    ...(host === undefined ? {} : { DOCKER_HOST: host }),
  };
  const run: Project['run'] = (args, patienceMs = 60_000) =>
    runProgram(program, [...fixed, ...args], { env, cwd: top, patienceMs }, `docker compose ${args.join(' ')}`);
  const must: Project['must'] = async (args, patienceMs) => {
    const outcome = await run(args, patienceMs);
    if (outcome.code !== 0) throw new Error(outcome.told);
    return outcome.stdout;
  };
  return {
    run,
    must,
    exec: (service, command, user) =>
      must(['exec', '-T', ...(user === undefined ? [] : ['--user', user]), service, ...command]),
  };
}
