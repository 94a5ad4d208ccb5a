import { describe, expect, it } from 'vitest';
import { demand, openSheets } from './sheet.ts';

describe('the sheet of a proof', () => {
  it('counts what passed and what threw, and goes on', async () => {
    const lines: string[] = [];
    const sheets = openSheets((line) => lines.push(line));
    const unit = sheets.part('unit');
    expect(await unit.check('is there', () => 'version 1')).toBe(true);
    expect(await unit.check('is right', () => demand(false, 'it is wrong'))).toBe(false);
    await sheets.part('rpm').check('unpacks', async () => {});
    expect(sheets.sum()).toEqual({ passed: 2, failed: 1 });
    expect(lines.join('\n')).toMatch(/ok {6}is there: version 1 .*\n {2}FAILED {2}is right .*\n {10}it is wrong/);
    expect(sheets.table()).toBe(
      ['unit     1 passed     1 failed', 'rpm      1 passed     0 failed', 'failed:', '  unit: is right'].join('\n'),
    );
  });
});
