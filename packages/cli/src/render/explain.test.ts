import { describe, expect, it } from 'vitest';
import * as situations from '../../test/situations.ts';
import { explanations, type Question, renderExplain } from './explain.ts';

const everything: Question = { member: undefined, cluster: undefined, service: undefined };
const look = { width: 80, colour: false };

describe('renderExplain', () => {
  it.each([
    ['explain-switch', situations.switchUnderWay(), { ...everything, member: 'n1' }],
    ['explain-missing-server', situations.missingServer(), everything],
    ['explain-no-leader', situations.noLeader(), { ...everything, service: 'primary' }],
    ['explain-haproxy-hung', situations.haproxyHung(), { ...everything, service: 'primary', member: 'n2' }],
    ['explain-hostile-names', situations.hostileNames(), everything],
  ])('%s is the page that was reviewed', async (name, doc, asked) => {
    await expect(renderExplain(doc, asked, look)).toMatchFileSnapshot(`../../test/pages/${name}.txt`);
  });
});

describe('explanations', () => {
  it('answers for each member in each service unless asked for less', () => {
    const doc = situations.twoClusters();
    expect(explanations(doc, everything)).toHaveLength(8);
    expect(explanations(doc, { ...everything, cluster: 'stock' })).toHaveLength(2);
    expect(
      explanations(doc, { ...everything, member: 'n1' }).map((one) => `${one.cluster}/${one.service.name}`),
    ).toEqual(['orders/primary', 'orders/replica', 'stock/replica']);
  });
});
