// Whether a HAProxy has let go of every server that the newest decision does not let in: what a Stolon proxy has to be sure of before it acknowledges.
// Values only.

export type LetGo =
  /** Read back under the newest decision: nobody but the server that shall be ready takes connections or has a session, in any worker. */
  | { readonly kind: 'let_go' }
  /** No HAProxy process is there, so there are no sessions. */
  | { readonly kind: 'not_running' }
  /** It may still hold sessions, or nobody knows. `why`: for people, begins with the target's name. */
  | { readonly kind: 'holds'; readonly why: string };
