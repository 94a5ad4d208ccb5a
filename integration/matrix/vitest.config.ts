// The smoke test of the runtime matrix, which belongs to no project of `npm test`: matrix.ts starts it, once under each Node.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { name: 'smoke', include: ['integration/matrix/*.proof.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
