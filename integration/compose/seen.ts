// A check that fails shows what it looked at.
import { demand } from '../packages/sheet.ts';

/** Throws `trouble`, with what was seen, unless it is so. */
export const demandSeen = (isSo: boolean, trouble: string, seen: string): void =>
  demand(isSo, `${trouble}; seen:\n${seen}`);
