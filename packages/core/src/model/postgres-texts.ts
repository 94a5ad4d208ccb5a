// Sentences of reasons for clusters that no cluster manager is asked about: nobody names a primary, PostgreSQL's own word is all there is.

/** By code; where a code is missing the general sentence is true here as well. */
export const postgresTexts = {} as const satisfies Readonly<Record<string, string>>;
