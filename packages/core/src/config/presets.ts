// Services by one word, as Pigsty defines them (`pg_default_services`, and `standby` and `delayed` of its documentation), in the words of our own file: what
// a preset stands for could be written there as it is. Where Pigsty picks servers once, when it writes haproxy.cfg, these pick them at each change.
import type { Table } from './findings.ts';

export type Preset = 'primary' | 'replica' | 'default' | 'offline' | 'standby' | 'delayed';

const backendOf = (service: string): string => `{cluster}-${service}`;

/**
 * Dedicated servers (`offline`, `delayed`) do not stand among the replicas here; in Pigsty a line that is in `selector` and in `backup` is a backup line
 * only, which comes to the same. `delayed` has no port in Pigsty.
 */
const words: Readonly<Record<Preset, Table>> = {
  primary: { role: 'primary', dest: 'pooler', listen: 5433 },
  replica: {
    role: 'replica',
    selector: '[? pg_role != `offline` && pg_role != `delayed` ]',
    backup: '[? pg_role == `primary` || pg_role == `offline` ]',
    dest: 'pooler',
    listen: 5434,
  },
  default: { role: 'primary', dest: 'postgres', listen: 5436 },
  offline: {
    role: 'replica',
    selector: '[? pg_role == `offline` || pg_offline_query ]',
    backup: '[? pg_role == `replica` && !pg_offline_query ]',
    dest: 'postgres',
    listen: 5438,
  },
  standby: { role: 'sync', backup: '[? pg_role == `primary` ]', dest: 'pooler', listen: 5435 },
  delayed: { role: 'replica', selector: '[? pg_role == `delayed` ]', dest: 'postgres', listen: 5439 },
};

export const presets: readonly Preset[] = ['primary', 'replica', 'default', 'offline', 'standby', 'delayed'];

/** `services: pigsty`: those that Pigsty gives to every cluster. */
export const pigstyServices: readonly Preset[] = ['primary', 'replica', 'default', 'offline'];

/** The keys that a service of this name has by its preset; undefined: there is no such preset. */
export function presetWords(preset: unknown, service: string): Table | undefined {
  const known = presets.find((one) => one === preset);
  return known === undefined ? undefined : { backend: backendOf(service), ...words[known] };
}
