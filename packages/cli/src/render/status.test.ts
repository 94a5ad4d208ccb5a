// The pages are kept as text files in test/pages, so that a person can review how each situation looks.
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import * as documents from '../../test/documents.ts';
import * as situations from '../../test/situations.ts';
import { renderStatus } from './status.ts';
import { lengthOf } from './text.ts';

const pages = {
  healthy: documents.document(),
  'switch-under-way': situations.switchUnderWay(),
  'no-leader': situations.noLeader(),
  'etcd-lost': situations.etcdLost(),
  'haproxy-hung': situations.haproxyHung(),
  'two-clusters': situations.twoClusters(),
  'missing-server': situations.missingServer(),
  'long-names': situations.longNames(),
  'hostile-names': situations.hostileNames(),
  draining: situations.draining(),
  undecided: situations.undecided(),
  'nothing-known': situations.nothingKnown(),
} as const;

const page = (doc: StatusDocument, width: number, colour = false): string =>
  renderStatus(doc, { width, colour, now: documents.now });

const colourCodes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

describe('renderStatus', () => {
  for (const [name, doc] of Object.entries(pages)) {
    describe(`of the situation ${name}`, () => {
      it('is the page that was reviewed', async () => {
        await expect(page(doc, 80)).toMatchFileSnapshot(`../../test/pages/${name}.txt`);
      });

      it.each([80, 100, 160])('fits %d columns', (width) => {
        for (const line of page(doc, width).split('\n')) expect(lengthOf(line), line).toBeLessThanOrEqual(width);
      });

      it('says with colour what it says without', () => {
        expect(page(doc, 80, true).replace(colourCodes, '')).toBe(page(doc, 80));
      });

      it('leaves no blanks at the ends of lines', () => {
        expect(page(doc, 80)).not.toMatch(/ $/m);
      });
    });
  }

  it('holds no control character but the line break, whatever the names are', () => {
    expect(page(situations.hostileNames(), 80).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('puts the verdict and the alarms before everything else', () => {
    const [, verdict, alarm] = page(situations.noLeader(), 80).split('\n');
    expect(verdict).toBe('NOT READY: orders/primary is CLOSED');
    expect(alarm).toEqual(expect.stringContaining('ALARM  orders: n1 claims to be primary without the leader key'));
  });

  it('raises what was found in etcd and is not driven', () => {
    const alarm = { code: 'discovered_name_unusable', text: 'Scope a\nb is not driven', facts: {} };
    const text = page({ ...situations.noLeader(), alarms: [alarm] }, 160);
    expect(text).toMatch(/^ALARM {2}Scope a\\nb is not driven \[discovered_name_unusable\]$/m);
  });

  it('marks a server that takes writes and must not, and raises it to the top', () => {
    const text = page(situations.missingServer(), 160);
    expect(text).toMatch(/^!! +ready haproxy-b +2$/m);
    expect(text).toMatch(/^ALARM {2}orders\/primary: haproxy-b holds n1 in ready, 2 sessions; NOT AS DECIDED/m);
  });

  it("tells when the router's clock is far from the reader's", () => {
    const late = new Date('2026-11-20T14:02:00.000Z');
    const text = renderStatus(documents.document(), { width: 160, colour: false, now: late });
    expect(text).toContain("the router's clock is 120 s behind this machine's".replace('120 s', '2 min'));
  });
});
