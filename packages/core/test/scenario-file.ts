// The form of a scenario file (packages/core/scenarios/README.md): read once, checked by a schema, so that a slip of the pen fails. Only the form; what it means is
// played by scenario-play.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readDuration, readSize } from '../src/config/quantities.ts';
import { reasonTexts } from '../src/model/reason.ts';

const folder = new URL('../scenarios/', import.meta.url).pathname;

const quantity = (read: typeof readSize) =>
  z.union([z.string(), z.number()]).transform((value, context) => {
    const amount = read(value);
    if (amount.ok) return amount.value;
    context.addIssue({ code: 'custom', message: amount.message });
    return z.NEVER;
  });
const size = quantity(readSize);
const duration = quantity(readDuration);

/** What a scenario says of a member. What it leaves out is as in a sound cluster. */
const memberSchema = z.strictObject({
  /** As the record says; else `primary` for the leader and `replica` for everybody else. */
  role: z.enum(['primary', 'promoted', 'replica', 'standby_leader', 'demoted', 'uninitialized']).optional(),
  state: z.string().optional(),
  /** Behind the primary, by the record and by the probe. */
  lag: z.union([z.literal('unknown'), size]).optional(),
  /** Behind the primary by the probe alone: what the record does not show. */
  replay_lag: size.optional(),
  /** Since the newest transaction that was replayed, by the probe. */
  delay: duration.optional(),
  tags: z.record(z.string(), z.unknown()).optional(),
  sync: z.boolean().optional(),
  timeline: z.number().optional(),
  streaming: z.string().optional(),
  /** null: not told yet (Stolon). */
  host: z.string().nullable().optional(),
  port: z.number().optional(),
  /** What the probe hears; `answers`: what the role lets expect. */
  probe: z
    .enum(['answers', 'primary', 'standby', 'silent', 'down', 'denied', 'starting', 'stopping', 'not asked'])
    .optional(),
});

const overrideSchema = z.strictObject({
  id: z.string(),
  member: z.string(),
  service: z.string().optional(),
  action: z.enum(['maint', 'drain', 'ready', 'weight']),
  weight: z.number().optional(),
  for: duration.optional(),
  scope: z.enum(['fleet', 'local']).default('fleet'),
});

const state = '(?:ready|drain|maint)';
/** `drain replica_lagging, sessions end, weight 50, own maint, backup ready, by o1`; what is not so is left out. */
const words = z
  .string()
  .regex(
    new RegExp(
      `^${state} [a-z_]+(?:, sessions end)?(?:, weight \\d+)?(?:, own ${state}, backup ${state})?(?:, by \\S+)?$`,
    ),
  )
  .refine((text) => Object.hasOwn(reasonTexts, text.split(/[ ,]/)[1] ?? ''), { error: 'no such reason' });
const code = z.string().refine((text) => Object.hasOwn(reasonTexts, text), { error: 'no such reason' });

/** What happens at an instant; all of it is seen at once. */
const changeSchema = z.strictObject({
  leader: z.string().nullable().optional(),
  /** null: its record is gone. */
  members: z.record(z.string(), memberSchema.nullable()).optional(),
  /** Patroni's dynamic configuration. */
  settings: z.record(z.string(), z.unknown()).optional(),
  /** The members that the failsafe key lists. */
  failsafe: z.array(z.string()).optional(),
  switchover: z
    .strictObject({
      leader: z.string().optional(),
      member: z.string().optional(),
      scheduled_at: z.string().optional(),
    })
    .nullable()
    .optional(),
  /** `silent`: from now on it confirms nothing and shows no change. */
  etcd: z.enum(['answers', 'silent']).optional(),
  /** Keys below the cluster's prefix as they are written, instead of what follows from all that; null: there is none. */
  keys: z.record(z.string(), z.string().nullable()).optional(),
});

const stepSchema = changeSchema.extend({
  at: duration,
  /** A person sets an override, or takes one back by its id. */
  override: overrideSchema.optional(),
  lift: z.string().optional(),
  /** pgrouted is started anew: it remembers nothing. */
  restart: z.literal(true).optional(),
  /** By service and member; `service` is the service as a whole. Who is not named is not looked at. */
  expect: z.record(
    z.string(),
    z.intersection(z.record(z.string(), z.string()), z.object({ service: code.optional() })),
  ),
  /** Whole sentences, by service and member. */
  says: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Codes; exactly these. */
  alarms: z.array(code).optional(),
});

const scenarioSchema = changeSchema.extend({
  description: z.string().min(20),
  /** One entry of `clusters` in pgrouted.yaml. Without a source it is the Patroni scope `demo`. */
  cluster: z.record(z.string(), z.unknown()),
  leader: z.string().nullable(),
  members: z.record(z.string(), memberSchema),
  overrides: z.array(overrideSchema).optional(),
  /** Step 0 is the very first look. Else probes and proofs have run for a second then. */
  just_started: z.literal(true).optional(),
  steps: z.array(stepSchema).min(1),
});

export type MemberFacts = z.output<typeof memberSchema>;
export type Change = z.output<typeof changeSchema>;
export type ScenarioOverride = z.output<typeof overrideSchema>;
export type Step = z.output<typeof stepSchema>;
export type Scenario = z.output<typeof scenarioSchema>;

/** The names of the folders: one for each rule. */
export const ruleFolders = (): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'haproxy')
    .map(({ name }) => name)
    .sort();

/** The names of the scenarios of a rule. */
export const scenarioNames = (rule: string): readonly string[] =>
  readdirSync(join(folder, rule))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace(/\.json$/, ''))
    .sort();

export const readJson = (rule: string, name: string): unknown =>
  JSON.parse(readFileSync(join(folder, rule, `${name}.json`), 'utf8'));

/** Throws with every place that is wrong. */
export function readScenario(json: unknown): Scenario {
  const read = scenarioSchema.safeParse(json);
  if (!read.success) throw new Error(z.prettifyError(read.error));
  const { steps } = read.data;
  for (const [i, { at, expect }] of steps.entries()) {
    if (i > 0 && at <= (steps[i - 1]?.at ?? 0)) throw new Error(`step ${i + 1} is not later than the one before it`);
    for (const [service, members] of Object.entries(expect)) {
      for (const [member, text] of Object.entries(members)) {
        const checked = member === 'service' ? code.safeParse(text) : words.safeParse(text);
        if (!checked.success)
          throw new Error(`step ${i + 1}: ${service}: ${member}: ${z.prettifyError(checked.error)}`);
      }
    }
  }
  return read.data;
}
