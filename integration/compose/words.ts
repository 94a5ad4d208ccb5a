// What the command line of the compose proof asks for. Starts nothing and fetches nothing.
import { type ParseArgsConfig, parseArgs } from 'node:util';

export const usage = `npm run test:compose -- [file] [image] [layout] [--keep] [--images FOLDER] [--minutes N]

docker-compose.yml and the Dockerfile as a user runs them, by a Docker engine of this command's own (as root), and nobody else's containers are touched.

  file             docker-compose.yml by two compose parsers, the scripts by the shell
  image            the image built from this source, on a base image that debootstrap makes
  layout           everything started: health checks, status, a switchover, a kill of a node, its return (builds the image first)

  --keep           leave everything running at the end, with the commands printed, until Ctrl-C
  --images FOLDER  keep the engine's images there, so that a second run builds only what has changed
  --minutes N      the whole may take so long (default 15); what is not done by then has failed`;

export type Part = 'file' | 'image' | 'layout';

export interface Wish {
  readonly parts: readonly Part[];
  readonly keep: boolean;
  /** Undefined: in the temporary folder, gone at the end. */
  readonly images: string | undefined;
  readonly limitMs: number;
}

const options = {
  keep: { type: 'boolean', default: false },
  images: { type: 'string' },
  minutes: { type: 'string', default: '15' },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

const parts: readonly Part[] = ['file', 'image', 'layout'];

/** `help` where it is asked for. Throws with what is wrong with the words. */
export function wishOf(words: readonly string[]): Wish | 'help' {
  const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
  if (values.help) return 'help';
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes wants a number above 0; it got "${values.minutes}"`);
  for (const word of positionals)
    if (!parts.some((part) => part === word))
      throw new Error(`there is no part "${word}"; choose among ${parts.join(', ')}`);
  const asked = new Set(positionals.length === 0 ? parts : positionals);
  if (asked.has('layout')) asked.add('image');
  if (values.keep && !asked.has('layout')) throw new Error('--keep leaves the layout running: ask for it, too');
  return {
    parts: parts.filter((part) => asked.has(part)),
    keep: values.keep,
    images: values.images,
    limitMs: minutes * 60_000,
  };
}
