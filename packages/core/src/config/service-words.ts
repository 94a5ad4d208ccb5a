// The services of a file as if they had been written out: `pigsty` and lists of presets become maps, and a preset's keys stand beside those that were
// written, which win. Still the file's own words: what is wrong in them is found afterwards.
import { isTable, type Table } from './findings.ts';
import { nearest } from './nearest.ts';
import { pigstyServices, presets, presetWords } from './presets.ts';
import { bad, good, type Reading } from './quantities.ts';

/** One of these displaces the others, where it was written and they come from a preset. */
const alternatives = [
  ['backend', 'backends'],
  ['dest', 'port'],
] as const;

const oneOfThem = `a preset is one of ${presets.join(', ')}`;

/** Services by name, or what is wrong with the shorthand. What is neither a shorthand nor a map is given back as it is. */
export function expandServices(written: unknown): Reading<unknown> {
  if (typeof written === 'string')
    return written === 'pigsty'
      ? expandServices(pigstyServices)
      : bad("there is no such set of services; the only one is 'pigsty'", `write a list or a map; ${oneOfThem}`);
  if (Array.isArray(written)) return listed(written);
  return good(isTable(written) ? mapTable(written, withPreset) : written);
}

function listed(names: readonly unknown[]): Reading<unknown> {
  const services = new Map<string, Table>();
  for (const name of names) {
    const words = typeof name === 'string' ? presetWords(name, name) : undefined;
    if (typeof name !== 'string' || words === undefined) {
      const meant = typeof name === 'string' ? nearest(name, presets) : undefined;
      return bad(
        `a list of services holds presets only; ${oneOfThem}`,
        meant === undefined ? 'write any other service into a map' : `did you mean '${meant}'?`,
      );
    }
    if (services.has(name)) return bad(`'${name}' is listed twice`, 'keep one of the two');
    services.set(name, { ...words, preset: name });
  }
  return good(Object.fromEntries(services));
}

const mapTable = (table: Table, change: (name: string, value: unknown) => unknown): Table =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(name, value)]));

function withPreset(service: string, written: unknown): unknown {
  if (!isTable(written)) return written;
  const words = presetWords(written['preset'], service);
  if (words === undefined) return written;
  const displaced = alternatives.flatMap((keys) => (keys.some((key) => written[key] !== undefined) ? keys : []));
  const kept = Object.entries(words).filter(([key]) => !displaced.some((one) => one === key));
  return { ...Object.fromEntries(kept), ...written };
}

/** What a service comes to and what was written of it. */
export interface WrittenService {
  readonly name: string;
  /** With the keys of its preset. */
  readonly words: Table;
  readonly written: Table;
}

/** Every service that can be made out in `services`; none where a shorthand is wrong. */
export function servicesIn(services: unknown): readonly WrittenService[] {
  const expanded = expandServices(services);
  if (!expanded.ok || !isTable(expanded.value)) return [];
  return Object.entries(expanded.value).flatMap(([name, words]) => {
    const written = isTable(services) ? services[name] : undefined;
    return isTable(words) ? [{ name, words, written: isTable(written) ? written : {} }] : [];
  });
}
