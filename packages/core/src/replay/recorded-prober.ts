// The prober of a replay: what PostgreSQL was recorded to say, read at the instants at which the real one would ask. At leisure each interval, each
// burst interval where a decision hangs on it, and at once when a session ends.
import { type ProbeReading, type ProbeState, withReading } from '../model/probe.ts';
import { type Millis, millis } from '../model/units.ts';
import type { ProbeWord, RecordedProbe } from './recorded-lines.ts';

/** A question takes this long in a replay. Not zero, so that a probe is never asked and answered at the instant of the event. */
const ANSWER_MS = 1;

interface Node {
  readonly word: ProbeWord;
  /** Its session has ended, and nobody knows yet why: it is asked again soon, as the real prober does. */
  readonly ended: boolean;
  readonly state: ProbeState | undefined;
  readonly nextAt: number;
}

export class RecordedProber {
  readonly #nodes = new Map<string, Node>();
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #hurried: ReadonlySet<string> = new Set();

  constructor(pace: { readonly intervalMs: number; readonly burstMs: number }) {
    this.#intervalMs = Math.max(1, pace.intervalMs);
    this.#burstMs = Math.max(1, pace.burstMs);
  }

  /** From now on PostgreSQL of this node says something else. */
  change({ t_ms, node, value }: RecordedProbe): void {
    const was = this.#nodes.get(node);
    const sessionEnds = was !== undefined && isAnswer(was.word) && !isAnswer(value);
    const nextAt = was === undefined || sessionEnds ? t_ms : was.nextAt;
    this.#nodes.set(node, { word: value, ended: sessionEnds || was?.ended === true, state: was?.state, nextAt });
  }

  hurry(names: readonly string[], now: Millis): void {
    for (const name of names) {
      const node = this.#nodes.get(name);
      if (node === undefined || this.#hurried.has(name)) continue;
      this.#nodes.set(name, { ...node, nextAt: Math.min(node.nextAt, now + ANSWER_MS) });
    }
    this.#hurried = new Set(names);
  }

  /** When the next question is due. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const { nextAt } of this.#nodes.values()) {
      if (next === undefined || nextAt < next) next = nextAt;
    }
    return next;
  }

  /** Asks all who are due. */
  ask(now: Millis): void {
    for (const [name, node] of this.#nodes) {
      if (node.nextAt > now) continue;
      const ended = node.ended && node.word === 'lost';
      const pace = ended || this.#hurried.has(name) ? this.#burstMs : this.#intervalMs;
      this.#nodes.set(name, {
        word: node.word,
        ended,
        state: withReading(node.state, readingOf(node.word, now)),
        nextAt: now + pace,
      });
    }
  }

  readings(): ReadonlyMap<string, ProbeState> {
    const readings = new Map<string, ProbeState>();
    for (const [name, { state }] of this.#nodes) {
      if (state !== undefined) readings.set(name, state);
    }
    return readings;
  }
}

const isAnswer = (word: ProbeWord): boolean => word === 'primary' || word === 'standby';

function readingOf(word: ProbeWord, now: Millis): ProbeReading {
  const at = millis(now);
  const error = `recorded: ${word}`;
  switch (word) {
    case 'primary':
      return { kind: 'primary', at, timeline: undefined, position: undefined };
    case 'standby':
      return { kind: 'standby', at, timeline: undefined, receivePosition: undefined, replayPosition: undefined };
    case 'starting':
      return { kind: 'starting', at, error };
    case 'shutting down':
      return { kind: 'stopping', at, error };
    case 'down':
      return { kind: 'down', at, error };
    case 'lost':
      return { kind: 'silent', at, error };
    case 'denied':
      return { kind: 'denied', at, error };
  }
}
