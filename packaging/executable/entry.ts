// Entry of the executable, which is both programs: the command line when it is called by the name pgroutectl, the daemon by any other.
// Loads nothing before it has chosen: the daemon's first import has to be the first that is run.
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';

const program = basename(process.argv0) === 'pgroutectl' ? 'pgroutectl' : 'pgrouted';

try {
  // What `ps`, `pgrep` and `ss` show; Node has named it node-MainThread.
  writeFileSync('/proc/self/comm', program);
} catch {
  // Without /proc it keeps that name, and does all the same.
}

if (program === 'pgroutectl') void import('@pgrouted/cli/main');
else void import('@pgrouted/server/main');
