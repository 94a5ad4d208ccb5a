// Reads the values of command-line options; what is wrong is said with the option's name and an example.
import * as readers from '@pgrouted/core/config/readers';
import type { FragmentMember } from '@pgrouted/core/haproxy/fragment';
import { InvalidArgumentError } from 'commander';
import { errorText } from './failure.ts';

/** The configuration's own readers, for options of the same meaning. */
export const read =
  <T>(reader: readers.Reader<T>) =>
  (text: string): T => {
    const result = reader(text);
    if (result.ok) return result.value;
    throw new InvalidArgumentError(`it ${result.message}; ${result.remedy}`);
  };

/** A TCP port. */
export const port: readers.Reader<number> = (text) =>
  readers.integer(1, 65_535)(/^\d+$/.test(String(text)) ? Number(text) : text);

/** One more of `--port SERVICE=PORT`. */
export function servicePort(text: string, before?: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const [, name, number] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('write SERVICE=PORT, such as primary=5000');
  return new Map([...(before ?? []), [name, read(port)(number ?? '')]]);
}

/** One more of `--server NAME=HOST:PORT`. */
export function server(text: string, before?: readonly FragmentMember[]): readonly FragmentMember[] {
  const [, name, address] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || address === undefined)
    throw new InvalidArgumentError('write NAME=HOST:PORT, such as pg1=10.0.0.1:5432');
  try {
    return [...(before ?? []), { name, ...read(readers.listen)(address) }];
  } catch (error) {
    throw new InvalidArgumentError(`${name}: ${errorText(error)}`);
  }
}
