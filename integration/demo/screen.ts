// What the demo prints: plain lines anywhere; on a terminal also modest colours and one line at the bottom that is written over.

export type Ink = 'strong' | 'faint' | 'good' | 'warn' | 'bad';

const codes: Readonly<Record<Ink, string>> = { strong: '1', faint: '2', good: '32', warn: '33', bad: '31' };

export interface Screen {
  readonly paint: (ink: Ink, text: string) => string;
  readonly line: (text?: string) => void;
  readonly heading: (text: string) => void;
  /** Shows what `text` gives now and then until it is stopped: over and over on a terminal, else as a line every few seconds. */
  readonly live: (text: () => string) => () => void;
}

/** A line without a terminal is meant to be kept: one every few seconds is enough. */
const plainEveryMs = 3_000;
const liveEveryMs = 200;

export function openScreen(out: NodeJS.WriteStream): Screen {
  const terminal = out.isTTY === true;
  const coloured = terminal && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb';
  const paint = (ink: Ink, text: string) => (coloured ? `\x1b[${codes[ink]}m${text}\x1b[0m` : text);
  let current: (() => string) | undefined;
  const erase = () => {
    if (terminal && current !== undefined) out.write('\r\x1b[K');
  };
  const draw = () => {
    if (terminal && current !== undefined) out.write(`\r\x1b[K${shorten(current(), (out.columns || 80) - 1)}`);
  };
  const line = (text = '') => {
    erase();
    out.write(`${text}\n`);
    draw();
  };
  return {
    paint,
    line,
    heading: (text) => {
      line();
      line(paint('strong', text));
    },
    live: (text) => {
      current = text;
      draw();
      let said = '';
      const timer = setInterval(
        () => {
          if (terminal) return draw();
          const now = text();
          if (now !== said) line(`  ${now}`);
          said = now;
        },
        terminal ? liveEveryMs : plainEveryMs,
      );
      return () => {
        clearInterval(timer);
        erase();
        current = undefined;
      };
    },
  };
}

const shorten = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
