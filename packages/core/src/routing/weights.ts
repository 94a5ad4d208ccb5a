// The weight of a member's servers: an operator's own word, else the tag that the service names for it, else haproxy.cfg's.
import { type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { Member } from '../model/view.ts';
import type { Orders } from './overrides.ts';

export interface WeightRuling {
  /** 0 (no new connections) to 256; undefined: as in haproxy.cfg. */
  readonly weight: number | undefined;
  /** The tag is there and is no weight. */
  readonly alarm: Reason | undefined;
}

export function weightOf({ weightTag: tag }: ServiceSpec, { name, tags }: Member, { weight }: Orders): WeightRuling {
  const written = tag !== undefined && Object.hasOwn(tags.custom, tag) ? tags.custom[tag] : undefined;
  const read = weightIn(written);
  const invalid = written !== undefined && written !== null && read === undefined;
  return {
    weight: weight?.value ?? read,
    alarm: invalid
      ? reason('weight_tag_invalid', { member: name, tag: tag ?? '', value: JSON.stringify(written) })
      : undefined,
  };
}

/** Patroni's tags are YAML: a number, or text where somebody put it in quotes. */
function weightIn(written: unknown): number | undefined {
  const value = typeof written === 'string' && /^\d{1,3}$/.test(written) ? Number(written) : written;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 256 ? value : undefined;
}
