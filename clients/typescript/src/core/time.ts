/**
 * Waits; returns true as soon as the signal aborts, and false after the time.
 *
 * @param seconds how long to wait.
 * @param signal ends the wait early.
 */
export function sleep(seconds: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (isAborted: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      resolve(isAborted);
    };
    const abort = (): void => end(true);
    const timer = setTimeout(() => end(false), seconds * 1000);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** The seconds of a clock that only goes forward. */
export function now(): number {
  return performance.now() / 1000;
}

/** Yields pauses that double from the first to the longest. */
export function* growing(first: number, longest: number): Generator<number, never> {
  for (let pause = first; ; pause = Math.min(2 * pause, longest)) yield pause;
}

/** A random number between two others. */
export function between([low, high]: readonly [number, number]): number {
  return low + Math.random() * (high - low);
}

/** Resolves when a signal aborts. */
export function aborted(signal: AbortSignal): Promise<true> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(true);
    signal.addEventListener("abort", () => resolve(true), { once: true });
  });
}
