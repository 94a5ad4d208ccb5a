// Functions of the C library that Node has no word for, called from JavaScript (node:ffi, from Node 26.1 on). Given in the executable only: its runtime is known, and
// the interface is one that Node may still change. Whoever asks has another way, or does without.
import { isSea } from 'node:sea';

/** The C types of each function, in Node's words. */
export type Signatures<Functions> = {
  readonly [Name in keyof Functions]: { readonly arguments: readonly string[]; readonly return: string };
};

interface Ffi {
  readonly dlopen: <Functions>(path: null, signatures: Signatures<Functions>) => { readonly functions: Functions };
}

const isFfi = (module: unknown): module is Ffi =>
  typeof module === 'object' && module !== null && 'dlopen' in module && typeof module.dlopen === 'function';

/** Functions of the C library that the runtime itself is linked with; `Functions` has to be what `signatures` say. Undefined: not to be had here. */
export function nativeFunctions<Functions>(signatures: Signatures<Functions>): Functions | undefined {
  if (!isSea()) return undefined;
  const ffi: unknown = process.getBuiltinModule('node:ffi');
  return isFfi(ffi) ? ffi.dlopen(null, signatures).functions : undefined;
}
