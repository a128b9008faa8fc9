import { Code, ConnectError } from "@connectrpc/connect";
import { backOffMs, pause } from "./backOff";

/** What a watch does at the moment. */
export type WatchStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** The stream broke; it is opened again after the pause. */
  | { readonly kind: "waiting"; readonly error: unknown; readonly pauseMs: number }
  /** The watch is over: its subject is gone, or the caller may not see it. */
  | { readonly kind: "ended"; readonly error: unknown };

export interface WatchOptions<Message extends { readonly revision: bigint }> {
  /** Opens the stream of everything after a revision. */
  readonly open: (since: bigint, signal: AbortSignal) => AsyncIterable<Message>;
  /** The revision that the caller knows already. */
  readonly since: bigint;
  readonly onMessage: (message: Message) => void;
  readonly onStatus: (status: WatchStatus) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Without a message for this long, the connection counts as dead; the server sends checkpoints. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 45_000;
const FINAL = new Set<Code>([
  Code.NotFound,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.InvalidArgument,
  Code.FailedPrecondition,
  Code.Unimplemented,
]);

/**
 * Follows a resumable stream until the signal aborts or an error says that opening it again is
 * useless. A broken stream is continued after the last revision that it delivered.
 */
export async function follow<Message extends { readonly revision: bigint }>(
  options: WatchOptions<Message>,
): Promise<void> {
  const { signal, onStatus, silenceMs = SILENCE_MS } = options;
  let since = options.since;
  let failures = 0;
  while (!signal.aborted) {
    onStatus({ kind: "connecting" });
    const error = await readOnce(options, since, silenceMs, (revision) => {
      since = revision;
      failures = 0;
    });
    if (signal.aborted) return;
    if (error !== undefined && FINAL.has(ConnectError.from(error).code)) {
      onStatus({ kind: "ended", error });
      return;
    }
    failures += 1;
    const pauseMs = backOffMs(failures);
    onStatus({ kind: "waiting", error, pauseMs });
    await pause(pauseMs, signal);
  }
}

/** Reads one stream to its end; returns its error, or undefined if it ended without one. */
async function readOnce<Message extends { readonly revision: bigint }>(
  { open, onMessage, onStatus, signal }: WatchOptions<Message>,
  since: bigint,
  silenceMs: number,
  received: (revision: bigint) => void,
): Promise<unknown> {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort);
  let silence = setTimeout(abort, silenceMs);
  let isLive = false;
  try {
    for await (const message of open(since, attempt.signal)) {
      clearTimeout(silence);
      silence = setTimeout(abort, silenceMs);
      if (!isLive) {
        isLive = true;
        onStatus({ kind: "live" });
      }
      received(message.revision);
      onMessage(message);
    }
    return undefined;
  } catch (error) {
    return error;
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", abort);
  }
}
