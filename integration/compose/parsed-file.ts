// A compose file as a parser gives it: nothing about it is known before it was looked at. Pure.
import { parse } from 'yaml';

export type Fields = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** The list, or an empty one where there is none. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Reads YAML (JSON is YAML), with the merges (`<<`) of compose files. */
export function parsed(text: string): unknown {
  const value: unknown = parse(text, { merge: true });
  return value;
}

/** The services by their names. Throws where there are none. */
export function servicesIn(file: unknown): Readonly<Record<string, Fields>> {
  const services = isMap(file) ? file['services'] : undefined;
  if (!isMap(services)) throw new Error('the parsed file has no services');
  return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, isMap(service) ? service : {}]));
}
