// The version, and what `--version` prints.
import { isSea } from 'node:sea';
import { aboutText } from '@pgrouted/core/about/about';

export { version } from '@pgrouted/core/about/about';

export const about: string = aboutText('pgroutectl', {
  node: process.versions.node,
  v8: process.versions.v8,
  inOneFile: isSea(),
});
