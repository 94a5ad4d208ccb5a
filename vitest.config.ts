import { defineConfig } from 'vitest/config';

// Two projects: `unit` needs nothing but Node; `integration` starts real etcd, Patroni, PostgreSQL and HAProxy.
// Integration files run two at a time, whatever the machine: each starts several servers, and waits for them most of the time.
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'integration/{lab,demo,bench,packages,matrix,compose}/**/*.test.ts',
            'packaging/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['integration/test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
