// Stolon's handshake: how soon pgrouted acknowledges that HAProxy has let go of a master, and what that makes of a whole failover.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { measureAcknowledgements } from './handshake-acknowledge.ts';
import { measureFailovers } from './handshake-failover.ts';
import { handshakeResult } from './handshake-result.ts';
import type { Section } from './result.ts';

export const handshake: Section = async ({ quick, say, folder }) => {
  const place = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const counts = quick ? { rounds: 20, few: 10, many: 300 } : { rounds: 200, few: 10, many: 1_000 };
  const acknowledgements = await measureAcknowledgements(place('ack'), counts, say);
  const failovers = await measureFailovers({ folder: place('failover'), each: quick ? 1 : 5, say });
  return handshakeResult(acknowledgements, failovers);
};
