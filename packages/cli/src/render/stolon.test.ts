// The pages of a Stolon cluster: as for Patroni they are kept as text files in test/pages, to be reviewed by a person.
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import * as documents from '../../test/documents.ts';
import * as conditions from '../../test/stolon-conditions.ts';
import * as situations from '../../test/stolon-situations.ts';
import { type Question, renderExplain } from './explain.ts';
import { handshakeOf } from './handshake.ts';
import { renderStatus } from './status.ts';
import { lengthOf } from './text.ts';

const pages = {
  healthy: situations.healthy(),
  'acknowledgement-blocked': situations.acknowledgementBlocked(),
  'every-proxy-has-let-go': situations.everyProxyHasLetGo(),
  'not-enabled': situations.notEnabled(),
  'registration-runs-out': situations.registrationRunsOut(),
  'no-sentinel': conditions.noSentinel(),
  passive: conditions.passive(),
  'format-version': conditions.formatVersion(),
  'hostile-uids': conditions.hostileUids(),
} as const;

const page = (doc: StatusDocument, width: number, colour = false): string =>
  renderStatus(doc, { width, colour, now: documents.now });
const everything: Question = { member: undefined, cluster: undefined, service: undefined };
const explained = (doc: StatusDocument, asked: Partial<Question>, colour = false): string =>
  renderExplain(doc, { ...everything, ...asked }, { width: 80, colour });

const colourCodes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

for (const [name, doc] of Object.entries(pages)) {
  describe(`the status page of the Stolon situation ${name}`, () => {
    it('is the page that was reviewed', async () => {
      await expect(page(doc, 80)).toMatchFileSnapshot(`../../test/pages/stolon-${name}.txt`);
    });

    it.each([80, 100, 160])('fits %d columns', (width) => {
      for (const line of page(doc, width).split('\n')) expect(lengthOf(line), line).toBeLessThanOrEqual(width);
    });

    it('says with colour what it says without, and leaves no blanks at the ends of lines', () => {
      expect(page(doc, 80, true).replace(colourCodes, '')).toBe(page(doc, 80));
      expect(page(doc, 80)).not.toMatch(/ $/m);
    });

    it('speaks of no leader key of Patroni in its own words', () => {
      expect(page(doc, 160)).not.toMatch(/Patroni|\bleader keeper/);
    });

    it('holds no control character but the line break', () => {
      expect((page(doc, 80) + explained(doc, {})).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    });
  });
}

describe('the explanation of a Stolon cluster', () => {
  it.each([
    ['healthy', situations.healthy(), { member: 'keeper2' }],
    ['acknowledgement-blocked', situations.acknowledgementBlocked(), { member: 'keeper2', service: 'primary' }],
    ['not-enabled', situations.notEnabled(), { member: 'keeper1', service: 'primary' }],
    ['registration-runs-out', situations.registrationRunsOut(), { member: 'keeper2', service: 'primary' }],
    ['passive', conditions.passive(), { member: 'keeper3' }],
  ])('of the situation %s is the page that was reviewed', async (name, doc, asked) => {
    await expect(explained(doc, asked)).toMatchFileSnapshot(`../../test/pages/explain-stolon-${name}.txt`);
    expect(explained(doc, asked, true).replace(colourCodes, '')).toBe(explained(doc, asked));
  });

  it('marks exactly what is missing of the handshake', () => {
    const missing = (doc: StatusDocument): readonly string[] =>
      [...explained(doc, { service: 'primary' }).matchAll(/^ +!! proxy: (NOT \w+)/gm)].map(([, words]) => words ?? '');
    expect(missing(situations.healthy())).toEqual([]);
    expect(missing(situations.acknowledgementBlocked())).toEqual(['NOT ACKNOWLEDGED']);
    expect(missing(situations.everyProxyHasLetGo())).toEqual([]);
    expect(missing(situations.notEnabled())).toEqual(['NOT ENABLED']);
    expect(missing(situations.registrationRunsOut())).toEqual(['NOT ALIVE']);
  });

  it('has no handshake for a read service', () => {
    expect(explained(situations.healthy(), { service: 'replica' })).not.toContain('proxy:');
  });
});

describe('handshakeOf', () => {
  const [cluster] = situations.healthy().clusters;
  const stolon = cluster?.stolon;
  const steps = (registration: object, given: object = {}) => {
    if (cluster === undefined || stolon == null || stolon.registration === null) throw new Error('it is registered');
    const document = {
      ...cluster,
      stolon: { ...stolon, ...given, registration: { ...stolon.registration, ...registration } },
    };
    return handshakeOf(document)?.map(({ step, done }) => `${done ? '' : 'not '}${step}`);
  };

  it('counts an acknowledgement of the same number from before `stolonctl init` for none', () => {
    expect(steps({ acknowledgedGeneration: 2, acknowledgedAgeMs: 5_000 }, { generationAgeMs: 1_000 })).toContain(
      'not acknowledged',
    );
  });

  it('counts an acknowledgement from before this router was enabled for none', () => {
    expect(steps({ acknowledgedRevision: '639', enabledSinceRevision: '640' })).toContain('not acknowledged');
    expect(steps({ acknowledgedRevision: '640', enabledSinceRevision: '640' })).toContain('acknowledged');
  });

  it('is alive until the proxyTimeout has passed', () => {
    expect(steps({ aliveAgeMs: 14_999 })).toContain('alive');
    expect(steps({ aliveAgeMs: 15_000 })).toContain('not alive');
    expect(steps({ aliveAgeMs: null })).toContain('not alive');
  });

  it('is none for a passive router', () => {
    const [passive] = conditions.passive().clusters;
    expect(passive === undefined ? [] : handshakeOf(passive)).toBeUndefined();
  });
});
