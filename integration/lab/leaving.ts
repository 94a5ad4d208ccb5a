// How a command of ours leaves, by itself or by a signal: once, whatever comes meanwhile, and with everything that it has started ended first.
import { endEverything } from './process.ts';

const exitBySignal = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** `before`: what is ended in its own order first; `after`: what is taken away last. Gives how to leave, with an exit code. */
export function leaving(before: () => Promise<void>, after: () => void): (code: number) => Promise<void> {
  let begun = false;
  const leave = async (code: number): Promise<void> => {
    if (begun) return;
    begun = true;
    await before();
    await endEverything();
    after();
    process.exit(code);
  };
  for (const [signal, code] of Object.entries(exitBySignal)) process.on(signal, () => void leave(code));
  return leave;
}
