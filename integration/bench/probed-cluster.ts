// The cluster whose router is weighed: what is said of its memory is said of the same work, whichever benchmark takes it.

/** As below `clusters:` in the configuration. */
export const probedCluster = {
  name: 'bench',
  patroni: { scope: 'bench' },
  probe: { user: 'postgres' },
  services: {
    primary: { backend: 'be_rw', role: 'primary' },
    replica: { backend: 'be_ro', role: 'replica', fallback: 'primary' },
  },
} as const;
