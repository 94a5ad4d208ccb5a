// How a metric is written that is made from the status document at the moment of the scrape. Values and small helpers only.
import type { StatusDocument } from '@pgrouted/core/status/schema';

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [value: number, labels?: Labels];

export interface Scraped {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: (status: StatusDocument) => readonly Sample[];
}

export const gauge = (name: string, help: string, labels: readonly string[], samples: Scraped['samples']): Scraped => ({
  type: 'gauge',
  name: `pgrouted_${name}`,
  help,
  labels,
  samples,
});

export const truth = (value: boolean): number => (value ? 1 : 0);
export const seconds = (ms: number): number => ms / 1000;

/** One sample for each choice: 1 for the one that it is, 0 for the others. */
export const oneHot = <T extends string>(
  choices: readonly T[],
  is: T,
  label: string,
  labels: Labels,
): readonly Sample[] => choices.map((choice) => [truth(choice === is), { ...labels, [label]: choice }]);
