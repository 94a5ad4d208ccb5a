// The version, put in when the bundle is built.
declare const __PGROUTED_VERSION__: string | undefined;

/** `dev` when run from source. */
export const version: string = typeof __PGROUTED_VERSION__ === 'undefined' ? 'dev' : __PGROUTED_VERSION__;
