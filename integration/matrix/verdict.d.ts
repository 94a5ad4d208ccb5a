// The types of scripts/verdict.mjs, which is plain JavaScript: it runs before anything is installed that could read TypeScript.
declare module '*/scripts/verdict.mjs' {
  export interface Verdict {
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
  }

  export function verdictOf(report: string | undefined, code: number): Verdict;
}
