import { browserTabs, type Tabs } from "./tabs";

/**
 * The streams that a browser opens at once. HTTP/1.1 gives it six connections to a server, for all
 * tabs together; the other two are for calls.
 */
export const SLOTS = 4;

/** Where streams wait for their turn. */
export interface StreamSlots {
  /** Runs a stream in a slot as soon as one is free; returns undefined if the signal aborts first. */
  readonly use: <T>(
    signal: AbortSignal,
    run: (isWanted: () => Promise<boolean>) => Promise<T>,
  ) => Promise<T | undefined>;
}

/** Returns slots that the tabs of a browser share. */
export function streamSlots(tabs: Tabs, count = SLOTS): StreamSlots {
  const names = Array.from({ length: count }, (_, index) => `stream.${index}`);
  return {
    use: async (signal, run) => {
      // Waits in every queue, and leaves the others as soon as one slot is its own.
      const found = new AbortController();
      const search = AbortSignal.any([signal, found.signal]);
      let isRunning = false;
      let result: Awaited<ReturnType<typeof run>> | undefined;
      const tryOne = (name: string) =>
        tabs.hold(name, search, async () => {
          if (isRunning || signal.aborted) return;
          isRunning = true;
          found.abort();
          result = await run(() => tabs.isWanted(name));
        });
      await Promise.all(names.map(tryOne));
      return result;
    },
  };
}

const UNLIMITED: StreamSlots = {
  use: async (signal, run) => (signal.aborted ? undefined : run(() => Promise.resolve(false))),
};

let slots: StreamSlots | undefined;

/** Returns this browser's slots; without a limit where streams share one connection. */
export function browserSlots(): StreamSlots {
  slots ??= isMultiplexed() ? UNLIMITED : streamSlots(browserTabs());
  return slots;
}

function isMultiplexed(): boolean {
  if (typeof document === "undefined") return true;
  const [page] = performance.getEntriesByType("navigation");
  return page instanceof PerformanceNavigationTiming && /^h[23]/.test(page.nextHopProtocol);
}
