// V8's settings for a small, long-lived process. Imported first: they count only for what is allocated after.
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--max-semi-space-size=1');
