// The types of what scripts/ shares with us. Those are plain JavaScript: they run before anything is installed that could read TypeScript.
declare module '*/scripts/origin.mjs' {
  export interface Origin {
    /** That of the top package.json. */
    readonly version: string;
    /** Twelve digits, `+modified` when the tree is not as committed; `unknown` without git. */
    readonly commit: string;
    /** Seconds since 1970: the date that archives carry. */
    readonly epoch: number;
  }

  export function originOf(folder: string, env?: Readonly<Record<string, string | undefined>>): Origin;
}

declare module '*/scripts/bundle.mjs' {
  /** The top of the repository. */
  export const root: string;
  export function bundle(options: {
    readonly from: string;
    readonly to: string;
    readonly origin: { readonly version: string; readonly commit: string };
    readonly firstLine?: string;
    readonly target?: string;
    /** `cjs` knows no `import.meta` and no `await` at the top. */
    readonly format?: 'esm' | 'cjs';
    readonly legalComments?: 'eof' | 'none';
  }): Promise<import('esbuild').Metafile>;
}
