// What the demo promises, checked: one writer at a time, the client writes again, nothing twice.
import type { ActResult } from './act.ts';
import { type Screen, seconds } from './screen.ts';
import type { Theatre } from './theatre.ts';

export interface Finding {
  readonly well: boolean;
  readonly text: string;
}

export async function verdictOf(
  { primary: primaryOf, writer, witness }: Theatre,
  results: readonly ActResult[],
): Promise<readonly Finding[]> {
  const primary = await primaryOf();
  const { acknowledged, lost, doubled } = await writer.audit(primary.sql);
  const servers = writer.servers();
  const expected = [results[0]?.from, ...results.map(({ to }) => to)];
  return [
    ...results.map(({ name, from, to, gap, openingMs }) => ({
      well: from !== to,
      text: `${name}: ${from} -> ${to}, ${seconds(gap.ms)} without a write, ${gap.errors} errors seen${
        openingMs === undefined
          ? ''
          : `, of which pgrouted took ${openingMs.toFixed(1)} ms after PostgreSQL was proven writable`
      }`,
    })),
    {
      well: witness.overlaps().length === 0,
      text: `HAProxy was asked ${witness.samples()} times who accepts writers: two at once ${witness.overlaps().length} times`,
    },
    {
      well: servers.join() === expected.join(),
      text: `the client was served by ${servers.join(', then ')}`,
    },
    { well: doubled.length === 0, text: `${acknowledged} writes were acknowledged, ${doubled.length} are there twice` },
    {
      // Patroni's replication is asynchronous unless told otherwise: what the dead primary had not sent is gone with it.
      well: true,
      text: `${lost.length} acknowledged writes were lost${lost.length === 0 ? '' : ' with the killed primary (replication is asynchronous here)'}`,
    },
  ];
}

/** Prints it; true: every promise was kept. */
export function tellVerdict(screen: Screen, findings: readonly Finding[]): boolean {
  screen.heading('What became of it');
  for (const { well, text } of findings)
    screen.line(`  ${screen.paint(well ? 'good' : 'bad', well ? 'ok    ' : 'BROKEN')}  ${text}`);
  return findings.every(({ well }) => well);
}
