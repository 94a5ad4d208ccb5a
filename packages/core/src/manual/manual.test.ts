import { describe, expect, it } from 'vitest';
import { manualText } from './manual.ts';

const wrap = (text: string, width: number): string =>
  text.replace(new RegExp(`(.{1,${width}})(?: |$)`, 'g'), '$1\n').trimEnd();

describe('the manual below the options of --help', () => {
  it('has a block for each part that there is, names in a column and texts beside them', () => {
    const text = manualText(
      {
        description: ['only in the man page'],
        examples: [{ command: 'thing --now', text: 'only in the man page' }],
        notes: ['A note that is longer than a line has room for.'],
        environment: [
          { name: 'A', text: 'one that is somewhat longer than the line' },
          { name: 'A_NAME_THAT_IS_MUCH_TOO_LONG_FOR_IT', text: 'two' },
        ],
        exitCodes: [{ name: '0', text: 'done' }],
      },
      32,
      wrap,
    );
    expect(text).toBe(`
Examples:
  thing --now

A note that is longer than a
line has room for.

Environment:
  A  one that is somewhat longer
     than the line
  A_NAME_THAT_IS_MUCH_TOO_LONG_FOR_IT
     two

Exit codes:
  0  done`);
  });

  it('is nothing where there is nothing to say', () => {
    expect(manualText({ description: ['only in the man page'] }, 80, wrap)).toBe('');
  });
});
