// What status and explain show of services with tiers, weights, backup lines and several backends. The pages are kept in test/pages.
import type { ServiceStatus, StatusDocument } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import * as documents from '../../test/documents.ts';
import { backupLines, severalBackends } from '../../test/service-situations.ts';
import { renderExplain } from './explain.ts';
import { type Deviation, deviationOf, type Held } from './held.ts';
import { renderStatus } from './status.ts';
import { lengthOf } from './text.ts';

const pages: Readonly<Record<string, StatusDocument>> = {
  'backup-lines': backupLines(),
  'several-backends': severalBackends(),
};

describe.each(Object.entries(pages))('services in the situation %s', (name, doc) => {
  it('are the page that was reviewed', async () => {
    const page = renderStatus(doc, { width: 80, colour: false, now: documents.now });
    await expect(page).toMatchFileSnapshot(`../../test/pages/${name}.txt`);
    for (const line of page.split('\n')) expect(lengthOf(line), line).toBeLessThanOrEqual(80);
  });

  it('are explained as in the page that was reviewed', async () => {
    const asked = { member: undefined, cluster: undefined, service: doc.clusters[0]?.services.at(-1)?.name };
    const page = renderExplain(doc, asked, { width: 80, colour: false });
    await expect(page).toMatchFileSnapshot(`../../test/pages/explain-${name}.txt`);
  });
});

describe('deviationOf', () => {
  it.each<[ServiceStatus['role'], 'ready' | 'drain' | 'maint', Held['state'], Held['wanted'], Deviation]>([
    ['replica', 'ready', 'ready', undefined, 'none'],
    ['replica', 'ready', 'maint', undefined, 'shut_wrongly'],
    ['replica', 'drain', 'drain', undefined, 'none'],
    ['replica', 'drain', 'maint', undefined, 'none'],
    ['replica', 'maint', 'drain', undefined, 'other'],
    ['replica', 'drain', 'ready', undefined, 'open_wrongly'],
    ['primary', 'drain', 'maint', undefined, 'other'],
    ['primary', 'maint', 'missing', undefined, 'other'],
    ['replica', 'maint', 'ready', 'ready', 'none'],
    ['replica', 'ready', 'ready', 'maint', 'open_wrongly'],
    ['replica', 'ready', 'unknown', 'maint', 'unknown'],
  ])(
    'in a service of role %s, decided %s, held %s, wanted of that line %s: %s',
    (role, state, is, wanted, expected) => {
      const held: Held = { target: 't', server: 'n1', state: is, sessions: 0, wanted };
      expect(deviationOf({ role }, { state }, held)).toBe(expected);
    },
  );
});
