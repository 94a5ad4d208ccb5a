// Reasons: a code from one documented list plus the facts it rests on. Log line, API, CLI and metric are made from the same value.

export type ReasonFact = string | number | boolean | null;

export interface Reason {
  readonly code: ReasonCode;
  /** The facts that the reason rests on, by name, with units in the names where they have any. */
  readonly facts: Readonly<Record<string, ReasonFact>>;
}

/** Every code with the sentence that explains it; `{name}` is filled from the facts. docs/reasons.md is made from this list. */
export const reasonTexts = {
  leader_proven: '{member} holds the leader key and PostgreSQL says that it is not in recovery',
} as const satisfies Record<string, string>;

export type ReasonCode = keyof typeof reasonTexts;

export const reason = (code: ReasonCode, facts: Reason['facts'] = {}): Reason => ({ code, facts });

/** The sentence for people. */
export function explainReason({ code, facts }: Reason): string {
  return reasonTexts[code].replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? '?'));
}
