// Entry of pgroutectl: hands the process's world to the program and takes its exit code. All process-exit logic is here.
import { errorCode } from './failure.ts';
import { type Io, systemClock } from './io.ts';
import { run } from './program.ts';

const interruption = new AbortController();
let interrupts = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupts += 1;
    interruption.abort();
    // Whoever asks twice does not want to wait for a clean end.
    if (interrupts > 1) process.exit(130);
  });
}

// `pgroutectl events | head`: the reader has what it wants.
process.stdout.on('error', (error) => process.exit(errorCode(error) === 'EPIPE' ? 0 : 1));

const io: Io = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: process.stdin,
  env: process.env,
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
  errIsTerminal: process.stderr.isTTY,
  clock: systemClock,
  interrupted: interruption.signal,
};

async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), io);
}

// No `await` here: the executable holds this as CommonJS.
void main();
