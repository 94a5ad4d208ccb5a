// Who plays in the contract: hosts and groups under the names that the table uses, and under those that the server in question knows them by.

/** `odd` is a second name for the server of pg3, and `down` a host at whose address nobody listens. */
export const hosts = ['pg1', 'pg2', 'pg3', 'odd', 'down'] as const;
export type Host = (typeof hosts)[number];

/** Whom each group has. `spaced` is there for its name. */
export const groups = {
  first: ['pg1', 'pg2'],
  second: ['pg3', 'odd', 'down'],
  spaced: ['pg1', 'pg3'],
  empty: [],
} as const satisfies Readonly<Record<string, readonly Host[]>>;
export type Group = keyof typeof groups;

/** What the hosts are when a row is put. `hole`: the server of pg3 accepts connections and never answers. */
export const situations = ['calm', 'hole', 'two', 'none', 'nobody'] as const;
export type Situation = (typeof situations)[number];

export const inWords: Readonly<Record<Situation, string>> = {
  calm: 'pg1 is primary, pg2 and pg3 are its standbys, nobody listens at the address of the host down',
  hole: 'as calm, but the server of pg3 accepts connections and never answers',
  two: 'pg1 and pg2 are both primary, pg3 is a standby',
  none: 'pg1 and pg2 are stopped, pg3 is a standby',
  nobody: 'no server can be reached',
};

export type State = 'primary' | 'standby' | 'unavailable';

const states: Readonly<Record<Situation, readonly [pg1: State, pg2: State, pg3: State]>> = {
  calm: ['primary', 'standby', 'standby'],
  hole: ['primary', 'standby', 'unavailable'],
  two: ['primary', 'primary', 'standby'],
  none: ['unavailable', 'unavailable', 'standby'],
  nobody: ['unavailable', 'unavailable', 'unavailable'],
};

export function stateOf(situation: Situation, host: Host): State {
  const [pg1, pg2, pg3] = states[situation];
  return host === 'pg1' ? pg1 : host === 'pg2' ? pg2 : host === 'down' ? 'unavailable' : pg3;
}

/** The names that a server is configured with. Undefined: it has no such host or group, and the rows about it are left out. */
export interface Cast {
  readonly hosts: Readonly<Record<Host, string | undefined>>;
  readonly groups: Readonly<Record<Group, string | undefined>>;
  /** The major version of PostgreSQL. From 14 on PgRoute66's availability always fails. */
  readonly postgres: number;
  /** Whether requests may be put that write to the primary. */
  readonly availability: boolean;
}

export const usualCast: Cast = {
  hosts: { pg1: 'pg1', pg2: 'pg2', pg3: 'pg3', odd: 's<t>&u', down: 'pg 4' },
  groups: { first: 'one', second: 'two', spaced: 'g 3', empty: 'none' },
  postgres: 15,
  availability: true,
};
