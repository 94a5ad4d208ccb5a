// Text for a terminal: cleaning, colour, cutting and wrapping. Pure; widths are counted in characters.

/** How to draw: `width` in characters; without `colour` nothing is lost, since colour only repeats what the words say. */
export interface Look {
  readonly width: number;
  readonly colour: boolean;
}

/** `loud`: act now. `bad`: out of order. `good`: as it should be. `faint`: may be skipped. */
export type Ink = 'plain' | 'strong' | 'loud' | 'bad' | 'warn' | 'good' | 'faint';

const inks: Readonly<Record<Exclude<Ink, 'plain'>, string>> = {
  strong: '1',
  loud: '1;37;41',
  bad: '1;31',
  warn: '33',
  good: '32',
  faint: '2',
};

export function paint(look: Look, ink: Ink, text: string): string {
  return look.colour && ink !== 'plain' && text !== '' ? `\x1b[${inks[ink]}m${text}\x1b[0m` : text;
}

/**
 * Names and messages come from etcd, HAProxy and PostgreSQL. Control characters in them could move the cursor, hide lines or
 * retitle the terminal, so each is shown as `\xNN`; so are the marks that reverse the direction of writing.
 */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (char === '\n') return '\\n';
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

export const lengthOf = (text: string): number => [...text].length;

/** Cuts in the middle, where names differ least: `orders-postgres-prod-0003` -> `orders-po~d-0003`. */
export function cut(text: string, width: number): string {
  const chars = [...text];
  if (chars.length <= width) return text;
  if (width <= 1) return '~'.slice(0, Math.max(width, 0));
  const head = Math.ceil((width - 1) / 2);
  const tail = width - 1 - head;
  return `${chars.slice(0, head).join('')}~${tail === 0 ? '' : chars.slice(-tail).join('')}`;
}

export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const gap = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return align === 'left' ? text + gap : gap + text;
}

/** Breaks at spaces; a word longer than `width` is broken where it has to be. Always gives at least one line. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(width, 8);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = [...word];
    if (line !== '' && lengthOf(line) + 1 + rest.length <= room) {
      line = `${line} ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (rest.length > room) {
      lines.push(rest.slice(0, room).join(''));
      rest = rest.slice(room);
    }
    line = rest.join('');
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

/**
 * `first` in front of the first line, as many spaces in front of the others; only four where `first` would leave too little room.
 */
export function hang(first: string, text: string, width: number): readonly string[] {
  const length = lengthOf(first);
  if (length <= Math.max(28, width / 2)) {
    return wrap(text, width - length).map((line, i) => (i === 0 ? first : ' '.repeat(length)) + line);
  }
  const [head = '', ...rest] = wrap(`${'x'.repeat(length)}${text}`, width);
  const more = rest.length === 0 ? [] : wrap(rest.join(' '), width - 4);
  return [first + head.slice(length), ...more.map((line) => `    ${line}`)];
}
