// What the schemas are built from: a reader as a zod schema, and a map that takes no other keys.
import * as z from 'zod';
import type { ConfigSurroundings } from './config.ts';
import { isTable } from './findings.ts';
import type { Reading } from './quantities.ts';
import type { Reader } from './readers.ts';

export interface SchemaContext extends ConfigSurroundings {
  /** The folder of the configuration file: relative paths start here. */
  readonly folder: string;
}

/** What was read; else what is wrong becomes an issue. */
function taken<T>(read: Reading<T>, { value: input, issues }: z.core.ParsePayload): T {
  if (read.ok) return read.value;
  issues.push({ code: 'custom', input, message: read.message, params: { remedy: read.remedy } });
  return z.NEVER;
}

/** A value that `reader` understands; its words become the issue. */
export const value = <T>(reader: Reader<T>) =>
  z.unknown().transform((written, context) => taken(reader(written), context));

/** The same, for a key that may be left out. */
export const maybe = <T>(reader: Reader<T>) => value(reader).optional();

/** The same, with what stands for a key that was left out. */
export const orElse = <T, const D extends T>(reader: Reader<T>, fallback: D) =>
  value(reader)
    .optional()
    .transform((read) => read ?? fallback);

/** The same, with what is found elsewhere for a key that was left out. */
export const orFound = <T, D>(reader: Reader<T>, elsewhere: () => Reading<D>) =>
  value(reader)
    .optional()
    .transform((read, context): T | D => (read === undefined ? taken(elsewhere(), context) : read));

/** A map with these keys and no others. The issue about another key carries the known ones as its message. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });

/** What a key holds that may be left out: a map, or one value that says the same shorter. */
export const maybeMap = <Map extends z.ZodObject, T>(map: Map, reader: Reader<T>) =>
  z
    .unknown()
    .transform((written, context): z.output<Map> | T => {
      if (!isTable(written)) return taken(reader(written), context);
      const read = map.safeParse(written);
      if (read.success) return read.data;
      for (const { path, ...issue } of read.error.issues) {
        const place = { path: [...path], message: issue.message };
        if (issue.code === 'unrecognized_keys')
          context.issues.push({ code: issue.code, keys: issue.keys, input: written, ...place });
        else if (issue.code === 'custom')
          context.issues.push({ code: issue.code, params: issue.params, input: written, ...place });
        else
          context.issues.push({
            code: 'custom',
            params: { remedy: 'see docs/configuration.md' },
            input: written,
            ...place,
          });
      }
      return z.NEVER;
    })
    .optional();
