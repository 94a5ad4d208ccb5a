// The shape of a service in the file: which keys it has and what each one means by itself. What must fit together is in rules-service.ts.
import * as z from 'zod';
import { leavingDefaults, serviceRoles } from '../model/service.ts';
import { presets } from './presets.ts';
import { duration, integer, oneOf, postgresPort, type Reader, size, text } from './readers.ts';
import {
  backendName,
  behind,
  lagTime,
  lineName,
  outage,
  outageTime,
  prefix,
  selector,
  selectors,
  wholeNumber,
} from './readers-service.ts';
import { maybe, maybeMap, section, value } from './schema-parts.ts';
import { serverParameters } from './server-parameters.ts';
import { expandServices } from './service-words.ts';

/** Clients wait in HAProxy: its own timers and the clients' patience are bounded, too. */
const holdTime = duration(100, 300_000);
const leaving = oneOf('kill', 'drain', 'drain_then_kill');

export const lagMap = section({
  bytes: maybe(size(0)),
  bytes_back: maybe(size(0)),
  time: maybe(lagTime),
  time_back: maybe(lagTime),
  dwell: maybe(duration(0, 3_600_000)),
});

export const holdMap = section({
  wait: value(holdTime),
  connections: maybe(wholeNumber(integer(1, 1_000_000))),
});

export const outageMap = section({ hold: value(outageTime) });

const leaveKeys = Object.fromEntries(Object.keys(leavingDefaults).map((cause) => [cause, maybe(leaving)]));

const serversSchema = section({
  match: maybe(oneOf('auto', 'name', 'address')),
  name: maybe(lineName),
  backup: maybe(lineName),
  spares: maybe(prefix),
  add: section({ prefix: maybe(prefix), parameters: maybe(serverParameters) }).optional(),
});

/** A tag's name; `none`: weights stay as in haproxy.cfg. */
const weightTag: Reader<string> = text;

export const serviceSchema = section({
  preset: maybe(oneOf(...presets)),
  // Exactly one of the two, and a role, unless a preset has them (rules-service.ts).
  backend: maybe(backendName),
  backends: z.array(value(backendName)).min(1).optional(),
  role: maybe(oneOf(...serviceRoles)),
  selector: maybe(selector),
  backup: maybe(selectors),
  fallback: maybe(oneOf('primary', 'none')),
  max_lag: maybeMap(lagMap, behind),
  keep_at_least: maybe(wholeNumber(integer(0, 1000))),
  dest: maybe(oneOf('postgres', 'pooler')),
  port: maybe(postgresPort),
  weight_tag: maybe(weightTag),
  leave: section(leaveKeys).optional(),
  drain_timeout: maybe(duration(0, 86_400_000)),
  outage: maybeMap(outageMap, outage),
  hold: maybeMap(holdMap, holdTime),
  servers: serversSchema.optional(),
  listen: maybe(postgresPort),
});

/** A map of services, or the shorthand for one. */
export const servicesSchema = value(expandServices).pipe(z.record(z.string(), serviceSchema));

export type ServicesFile = z.output<typeof servicesSchema>;
export type ServiceFile = z.output<typeof serviceSchema>;
