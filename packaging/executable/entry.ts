// Entry of the executable, which is both programs: the command line when it is called by the name pgroutectl, the daemon by any other.
// Loads nothing before it has chosen: the daemon's first import has to be the first that is run.
import { basename } from 'node:path';

if (basename(process.argv0) === 'pgroutectl') void import('@pgrouted/cli/main');
else void import('@pgrouted/server/main');
