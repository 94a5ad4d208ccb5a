// The witness for "one writer": reads from HAProxy itself, as fast as it answers, which servers of a backend accept connections.
// It parses by a few lines of its own, so that it never believes the code under test.
import { connect } from 'node:net';

export interface OverlapWatch {
  /** Samples taken, and samples in which more than one server accepted. */
  readonly samples: () => number;
  readonly overlaps: () => readonly (readonly string[])[];
  /** The sets of accepting servers in the order in which they were seen, each once per stay: `['n1'], [], ['n2']`. */
  readonly history: () => readonly (readonly string[])[];
  readonly stop: () => Promise<void>;
}

/** `everyMs`: the pause between two questions; without one, HAProxy is asked as fast as it answers, which costs a core. */
export function watchOverlap(adminSocket: string, backend: string, everyMs?: number): OverlapWatch {
  let samples = 0;
  let stopping = false;
  const overlaps: string[][] = [];
  const history: string[][] = [];
  const loop = (async () => {
    while (!stopping) {
      const accepting = acceptingIn(await ask(adminSocket, `show servers state ${backend}`));
      if (accepting === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        continue;
      }
      samples += 1;
      if (accepting.length > 1) overlaps.push(accepting);
      if (history.at(-1)?.join() !== accepting.join()) history.push(accepting);
      await new Promise((resolve) => (everyMs === undefined ? setImmediate(resolve) : setTimeout(resolve, everyMs)));
    }
  })();
  return {
    samples: () => samples,
    overlaps: () => overlaps,
    history: () => history,
    stop: async () => {
      stopping = true;
      await loop;
    },
  };
}

/** The servers that accept, by the answer to `show servers state`. Undefined: no answer that can be read (HAProxy restarts, or hangs). */
export function acceptingIn(answer: string): string[] | undefined {
  const [version, header, ...lines] = answer.split('\n');
  if (version !== '1' || header === undefined) return undefined;
  const columns = header.replace(/^# /, '').split(' ');
  const [name, op, admin] = ['srv_name', 'srv_op_state', 'srv_admin_state'].map((column) => columns.indexOf(column));
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(' '))
    .filter((cells) => (Number(cells[admin ?? -1]) & 0x3b) === 0 && cells[op ?? -1] !== '0')
    .map((cells) => cells[name ?? -1] ?? '?');
}

function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path });
    socket.setEncoding('utf8');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on('data', (data: string) => {
      answer += data;
    });
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(answer));
  });
}
