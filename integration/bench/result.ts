// What a section of the benchmark hands over: figures for the file, a table for people, and the goals with their verdicts.

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface SectionResult {
  /** Everything that was measured, for the JSON file. */
  readonly figures: unknown;
  /** What each figure means: how it was taken, and which way it errs. */
  readonly definitions: readonly string[];
  readonly tables: readonly string[];
  readonly goals: readonly Goal[];
}

export interface SectionOptions {
  readonly quick: boolean;
  /** A progress line. */
  readonly say: (text: string) => void;
  /** A temporary folder of this section alone. */
  readonly folder: string;
}

export type Section = (options: SectionOptions) => Promise<SectionResult>;
