// A table that fits its width: columns shrink where they may, the last one may wrap, notes stand below their row. Pure.
import { clean, cut, type Ink, type Look, lengthOf, pad, paint, wrap } from './text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut down to this many characters when the table is too wide. Missing: never cut. */
  readonly shrinkTo?: number;
}

export interface Cell {
  readonly text: string;
  readonly ink?: Ink;
}

export interface Note {
  readonly text: string;
  readonly ink: Ink;
}

/** A line of its own between the rows, at the table's indent. */
export interface Heading {
  readonly heading: readonly string[];
}

export interface Row {
  /** Two characters in front of the row, `!!` where something deviates. */
  readonly mark?: string;
  readonly cells: readonly Cell[];
  readonly notes?: readonly Note[];
}

export interface TableOptions {
  readonly indent: number;
  /** The last column takes the room that is left and wraps into it. */
  readonly wrapLast: boolean;
}

const gap = 2;

/** The table's lines, at most `look.width` wide unless the columns that must not be cut need more. */
export function renderTable(
  look: Look,
  columns: readonly Column[],
  rows: readonly (Row | Heading)[],
  { indent, wrapLast }: TableOptions,
): readonly string[] {
  const cleaned = rows.map((row) =>
    'heading' in row ? row : { ...row, cells: row.cells.map((cell) => ({ ...cell, text: clean(cell.text) })) },
  );
  const widths = columnWidths(
    look.width - indent,
    columns,
    cleaned.flatMap((row) => ('heading' in row ? [] : [row])),
    wrapLast,
  );
  const margin = ' '.repeat(indent);
  const header = columns
    .map((column, i) => pad(column.title, widths[i] ?? 0, column.align ?? 'left'))
    .join(' '.repeat(gap));
  const lines = [paint(look, 'faint', (margin + header).trimEnd())];
  for (const row of cleaned) {
    if ('heading' in row) {
      lines.push(...row.heading);
      continue;
    }
    lines.push(...renderRow(look, columns, widths, row, indent, wrapLast));
    for (const note of row.notes ?? []) {
      const noteIndent = indent + 2;
      for (const line of wrap(clean(note.text), look.width - noteIndent)) {
        lines.push(' '.repeat(noteIndent) + paint(look, note.ink, line));
      }
    }
  }
  return lines;
}

function renderRow(
  look: Look,
  columns: readonly Column[],
  widths: readonly number[],
  row: Row,
  indent: number,
  wrapLast: boolean,
): readonly string[] {
  const lastIndex = columns.length - 1;
  const mark = row.mark ?? '';
  const start =
    mark === '' ? ' '.repeat(indent) : paint(look, 'loud', mark) + ' '.repeat(Math.max(0, indent - mark.length));
  const cells = row.cells.map((cell, i) => {
    const width = widths[i] ?? 0;
    const lines = wrapLast && i === lastIndex ? wrap(cell.text, width) : [cut(cell.text, width)];
    return { lines, ink: cell.ink ?? 'plain', width, align: columns[i]?.align ?? 'left' };
  });
  const first = cells.map(({ lines, ink, width, align }, i) => {
    const text = lines[0] ?? '';
    return paint(look, ink, i === lastIndex && align === 'left' ? text : pad(text, width, align));
  });
  const before = widths.slice(0, lastIndex).reduce((sum, width) => sum + width + gap, indent);
  const last = cells[lastIndex];
  const more = (last?.lines ?? []).slice(1).map((line) => ' '.repeat(before) + paint(look, last?.ink ?? 'plain', line));
  return [(start + first.join(' '.repeat(gap))).trimEnd(), ...more];
}

function columnWidths(
  room: number,
  columns: readonly Column[],
  rows: readonly { readonly cells: readonly Cell[] }[],
  wrapLast: boolean,
): readonly number[] {
  const widths = columns.map((column, i) =>
    Math.max(lengthOf(column.title), ...rows.map((row) => lengthOf(row.cells[i]?.text ?? ''))),
  );
  const lastIndex = columns.length - 1;
  const least = columns.map((column, i) => {
    const natural = widths[i] ?? 0;
    if (wrapLast && i === lastIndex) return Math.min(natural, 32);
    return column.shrinkTo === undefined ? natural : Math.min(natural, Math.max(column.shrinkTo, column.title.length));
  });
  let excess = widths.reduce((sum, width) => sum + width, gap * lastIndex) - room;
  // First the wrapping column gives way, since nothing is lost there; then always the widest of the others.
  if (wrapLast && excess > 0) {
    const give = Math.min(excess, (widths[lastIndex] ?? 0) - (least[lastIndex] ?? 0));
    widths[lastIndex] = (widths[lastIndex] ?? 0) - give;
    excess -= give;
  }
  while (excess > 0) {
    let widest = -1;
    for (const [i, width] of widths.entries()) {
      if (width > (least[i] ?? 0) && (widest < 0 || width > (widths[widest] ?? 0))) widest = i;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}
