// Something done again and again, each time so long after the end of the last as it says itself: how Stolon's components run.
// Never overlapping; when stopped, the time under way is waited for.

export interface Loop {
  /** Does it at once, if it is not under way. */
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
}

/** `act` gives how many milliseconds to wait; it handles its own failures. Begins at once. */
export function repeatedly(act: () => Promise<number>): Loop {
  let stopped = false;
  let wake = (): void => {};
  const run = async (): Promise<void> => {
    while (!stopped) {
      const waitMs = await act();
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const ended = run();
  return {
    wake: () => wake(),
    stop: async () => {
      stopped = true;
      wake();
      await ended;
    },
  };
}
