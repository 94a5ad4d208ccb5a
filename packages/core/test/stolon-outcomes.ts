// What becomes of the streams of Stolon clusters: each replayed in every way, and told in lines that a test can hold against what is expected.
import type { ReplayChange } from '../src/replay/replay.ts';
import { type Open, opens } from './recordings.ts';
import {
  modeName,
  type StolonMode,
  type StolonRecording,
  stolonRecording,
  stolonRecordingNames,
  stolonReplayed,
} from './stolon-recordings.ts';

export interface Outcome {
  readonly recorded: StolonRecording;
  readonly changes: readonly ReplayChange[];
  readonly open: readonly Open[];
  /** Who was let in without being named, or beside another, and when. */
  readonly offences: readonly string[];
  /** `17020 leader_stuck`: when the alarms became others, and which there are since. */
  readonly alarms: readonly string[];
  /** `70320 keeper1`: who is a synchronous standby since when. */
  readonly synchronous: readonly string[];
}

const recordings = new Map(stolonRecordingNames.map((name) => [name, stolonRecording(name)]));
const outcomes = new Map<string, Outcome>();

/** The stream replayed, once for all tests of a file. */
export function outcome(name: string, mode: StolonMode): Outcome {
  const id = `${name} ${modeName(mode)}`;
  const known = outcomes.get(id);
  if (known !== undefined) return known;
  const recorded = recordings.get(name);
  if (recorded === undefined) throw new Error(`no recording ${name}`);
  const offences: string[] = [];
  const alarms = new Story();
  const synchronous = new Story();
  const changes = stolonReplayed(recorded, mode, (t_ms, decision, { members }) => {
    const ready = decision.services[0]?.verdicts.filter(({ state }) => state === 'ready') ?? [];
    const named = recorded.namings.findLast(({ revision }) => revision <= decision.revision)?.keeper;
    for (const { member } of ready) {
      if (ready.length > 1 || member !== named) offences.push(`${member} at ${t_ms}`);
    }
    alarms.tell(
      t_ms,
      decision.alarms.map(({ code }) => code),
    );
    const inSync = members.filter(({ sync }) => sync === 'sync');
    synchronous.tell(
      t_ms,
      inSync.map(({ name: who }) => who),
    );
  });
  const made = {
    recorded,
    changes,
    open: opens(changes, recorded.endMs),
    offences,
    alarms: alarms.lines,
    synchronous: synchronous.lines,
  };
  outcomes.set(id, made);
  return made;
}

/** Lines of what there was and since when; nothing at the start is no line. */
class Story {
  readonly lines: string[] = [];
  #is = '';

  tell(t_ms: number, what: readonly string[]): void {
    const is = what.join(' ');
    if (is === this.#is) return;
    this.#is = is;
    this.lines.push(`${t_ms} ${is === '' ? 'nothing' : is}`);
  }
}
