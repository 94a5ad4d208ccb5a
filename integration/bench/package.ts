// What the executable costs beside the plain bundle: what is installed, the time from its start until HAProxy is right, and memory at rest.
import { percentile, round, type Summary, summary, table } from './figures.ts';
import { type AtRest, startPackageStage } from './package-stage.ts';
import { type MeasuredWay, waysToShip } from './package-ways.ts';
import type { Section } from './result.ts';

const goalMs = 400;
const goalMiB = 64;

interface Measured {
  readonly way: MeasuredWay;
  /** `best`: the least; on a machine with other work the nearest to what a quiet one would show. */
  readonly startMs: Summary & { readonly best: number };
  readonly rest: AtRest;
}

export const packaged: Section = async ({ quick, say, folder }) => {
  const ways = await waysToShip(folder);
  say('the executable is built');
  const stage = await startPackageStage(folder);
  try {
    const [starts, restSeconds] = quick ? [5, 20] : [25, 60];
    const times = new Map<MeasuredWay, number[]>(ways.map((way) => [way, []]));
    // In turn, so that whatever else the machine does meets all of them.
    for (let turn = 0; turn < starts; turn += 1) for (const [way, taken] of times) taken.push(await stage.start(way));
    say(`${starts} starts each`);
    const measured: Measured[] = [];
    for (const [way, taken] of times) {
      const rest = await stage.rest(way, restSeconds);
      measured.push({ way, startMs: { best: percentile(taken, 0), ...summary(taken) }, rest });
      say(`${way.name}: ${rest.rssMiB} MiB after ${restSeconds} s`);
    }
    return {
      figures: measured.map(({ way, startMs, rest }) => ({
        ...{ name: way.name, shipped: way.shipped, bytes: way.bytes, startMs, rest },
      })),
      definitions: [
        'size: runtime and program, without compression; the two Lua files, man pages and so on come on top of each (some 100 kB).',
        `start: from fork until "show servers state" of HAProxy has the primary, and it alone, as open; asked every 1 to 2 ms. etcd, HAProxy and two PostgreSQL run, everything is in the page cache; ${starts} starts each, in turn.`,
        `memory: of the process ${restSeconds} s after it was right. Resident counts pages of the file in the kernel's cache that any number of processes share, as far as they are mapped; "own" are those that nobody could share.`,
      ],
      tables: [
        table([
          ['', 'MB installed', 'start ms best', 'p50', 'max', 'MiB resident', 'own', 'CPU s until then'],
          ...measured.map(({ way, startMs, rest }) => [
            way.name,
            String(round(way.bytes / 1e6, 1)),
            String(startMs.best),
            String(startMs.p50),
            String(startMs.max),
            String(rest.rssMiB),
            String(rest.anonymousMiB),
            String(rest.cpuSeconds),
          ]),
        ]),
      ],
      goals: measured
        .filter(({ way }) => way.shipped)
        .flatMap(({ startMs, rest }) => [
          {
            what: 'start of the executable until HAProxy is right, p50',
            wanted: `<= ${goalMs} ms`,
            measured: `${startMs.p50} ms`,
            met: startMs.p50 <= goalMs,
          },
          {
            what: 'resident memory of the executable at rest',
            wanted: `<= ${goalMiB} MiB`,
            measured: `${rest.rssMiB} MiB`,
            met: rest.rssMiB <= goalMiB,
          },
        ]),
    };
  } finally {
    await stage.stop();
  }
};
