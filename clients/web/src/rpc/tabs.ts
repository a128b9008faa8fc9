/** Messages between the tabs of a browser about one subject; a tab does not get its own. */
export interface Channel {
  readonly post: (message: unknown) => void;
  readonly close: () => void;
}

/** What the tabs of a browser share; the parts that streams need, so that tests can replace them. */
export interface Tabs {
  /**
   * Runs something while this tab alone holds a name, after the tabs that asked earlier. If the
   * signal aborts before that, it never runs.
   */
  readonly hold: (name: string, signal: AbortSignal, run: () => Promise<void>) => Promise<void>;
  /** Whether a tab waits for a name. */
  readonly isWanted: (name: string) => Promise<boolean>;
  readonly channel: (name: string, onMessage: (message: unknown) => void) => Channel;
}

/** A tab that shares nothing. */
export const ALONE: Tabs = {
  hold: (_name, signal, run) => (signal.aborted ? Promise.resolve() : run()),
  isWanted: () => Promise.resolve(false),
  channel: () => ({ post: () => {}, close: () => {} }),
};

/**
 * Returns the tabs of this browser. Without Web Locks, which pages from other machines have with
 * TLS only, each tab is alone.
 */
export function browserTabs(): Tabs {
  const canShare =
    typeof document !== "undefined" && "locks" in navigator && "BroadcastChannel" in globalThis;
  return canShare ? SHARED : ALONE;
}

const PREFIX = "wanllmdb.";

const SHARED: Tabs = {
  hold: async (name, signal, run) => {
    let error: unknown;
    let hasFailed = false;
    try {
      // The browser frees the lock of a tab that closes or crashes.
      await navigator.locks.request(`${PREFIX}${name}`, { signal }, async () => {
        try {
          await run();
        } catch (cause) {
          hasFailed = true;
          error = cause;
        }
      });
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
    if (hasFailed) throw error;
  },
  isWanted: async (name) => {
    const { pending = [] } = await navigator.locks.query();
    return pending.some((lock) => lock.name === `${PREFIX}${name}`);
  },
  channel: (name, onMessage) => {
    const channel = new BroadcastChannel(`${PREFIX}${name}`);
    channel.onmessage = ({ data }) => onMessage(data);
    return {
      post: (message) => channel.postMessage(message),
      close: () => channel.close(),
    };
  },
};
