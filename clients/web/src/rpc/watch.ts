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

export interface WatchOptions<Message> {
  /** Opens the stream, of what changed after the last message that arrived if it can continue. */
  readonly open: (signal: AbortSignal) => AsyncIterable<Message>;
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
 * Follows a stream until the signal aborts or an error says that opening it again is useless. A
 * broken stream is opened again, after pauses that grow while no message arrives.
 */
export async function follow<Message>(options: WatchOptions<Message>): Promise<void> {
  const { signal, onStatus } = options;
  let failures = 0;
  while (!signal.aborted) {
    onStatus({ kind: "connecting" });
    const error = await readOnce(options, () => {
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
async function readOnce<Message>(
  { open, onMessage, onStatus, signal, silenceMs = SILENCE_MS }: WatchOptions<Message>,
  onAnyMessage: () => void,
): Promise<unknown> {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort);
  let silence = setTimeout(abort, silenceMs);
  let isLive = false;
  try {
    for await (const message of open(attempt.signal)) {
      clearTimeout(silence);
      silence = setTimeout(abort, silenceMs);
      if (!isLive) {
        isLive = true;
        onStatus({ kind: "live" });
      }
      onAnyMessage();
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
