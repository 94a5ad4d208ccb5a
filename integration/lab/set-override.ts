// Sets an override as an operator's tool would: POST /v2/overrides, from this machine.
import { type OverrideDocument, overrideAnswerSchema } from '@pgrouted/core/status/schema';

export interface SetOverride {
  readonly status: number;
  readonly override: OverrideDocument;
  readonly why: string | null;
}

/** Owner and reason are filled in. Throws with the router's own words where it refuses. */
export async function setOverride(url: string, body: Readonly<Record<string, unknown>>): Promise<SetOverride> {
  const answer = await fetch(`${url}/v2/overrides`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ owner: 'dba@test', reason: 'a test', ...body }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST /v2/overrides: ${answer.status} ${text}`);
  const { override, why } = overrideAnswerSchema.parse(JSON.parse(text));
  return { status: answer.status, override, why };
}
