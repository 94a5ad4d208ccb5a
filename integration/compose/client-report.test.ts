import { describe, expect, it } from 'vitest';
import { clientLines } from './client-report.ts';

describe("the client's report", () => {
  it('tells writes, switches and trouble in their order', () => {
    const log = [
      '18:56:48  1 written on node1, through HAProxy of node3',
      '18:56:52  node1 -> node2: nothing written for 3822 ms',
      'something else',
      '18:57:15  through node2: psql: error: connection to server at "10.213.47.12", port 5000 failed: No route to host',
    ].join('\n');
    expect(clientLines(log)).toEqual([
      { kind: 'wrote', count: 1, server: 'node1', through: 'node3' },
      { kind: 'gap', from: 'node1', to: 'node2', ms: 3822 },
      {
        kind: 'trouble',
        through: 'node2',
        text: 'psql: error: connection to server at "10.213.47.12", port 5000 failed: No route to host',
      },
    ]);
  });

  it('is read the same behind a prefix of compose', () => {
    expect(clientLines('client-1  | 18:56:48  4 written on node1, through HAProxy of node1')).toHaveLength(1);
  });
});
