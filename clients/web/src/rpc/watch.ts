import { Code, ConnectError } from "@connectrpc/connect";
import { backOffMs, pause } from "./backOff";
import { browserSlots, type StreamSlots } from "./streamSlots";

/** What a watch does at the moment. */
export type WatchStatus =
  | {
      readonly kind: "connecting";
      /** When the last message arrived, in milliseconds since 1970; undefined before the first. */
      readonly heardAt?: number | undefined;
    }
  | { readonly kind: "live" }
  /** The stream broke; it is opened again after the pause. */
  | {
      readonly kind: "waiting";
      readonly error: unknown;
      readonly pauseMs: number;
      readonly heardAt?: number | undefined;
    }
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
  /** Whether the stream can now be broken off, and continued later; always if absent. */
  readonly canContinue?: () => boolean;
  /** Where the stream waits for a connection; the browser's by default. */
  readonly slots?: StreamSlots;
}

const SILENCE_MS = 45_000;
/** How long a stream keeps its connection while others wait for one. */
const TURN_MS = 1_500;
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
 * broken stream is opened again, after pauses that grow while no message arrives. A browser has few
 * connections: when others wait for one, the streams take turns.
 */
export async function follow<Message>(options: WatchOptions<Message>): Promise<void> {
  const { signal, onStatus, slots = browserSlots() } = options;
  let failures = 0;
  let heardAt: number | undefined;
  let hadTurn = false;
  while (!signal.aborted) {
    // Between two turns, what is shown is seconds old: that is live enough.
    if (!hadTurn) onStatus({ kind: "connecting", heardAt });
    const isFirst = !hadTurn;
    const end = await slots.use(signal, (isWanted) =>
      readOnce(options, isWanted, (isFirstOfStream) => {
        failures = 0;
        heardAt = Date.now();
        if (isFirst && isFirstOfStream) onStatus({ kind: "live" });
      }),
    );
    if (signal.aborted || end === undefined) return;
    hadTurn = end.kind === "turn";
    if (end.kind === "turn") continue;
    const { error } = end;
    if (error !== undefined && FINAL.has(ConnectError.from(error).code)) {
      onStatus({ kind: "ended", error });
      return;
    }
    failures += 1;
    const pauseMs = backOffMs(failures);
    onStatus({ kind: "waiting", error, pauseMs, heardAt });
    await pause(pauseMs, signal);
  }
}

/** How one stream ended: it let others have its connection, or it broke or was closed. */
type End = { readonly kind: "turn" } | { readonly kind: "broken"; readonly error: unknown };

/** Reads one stream to its end. */
async function readOnce<Message>(
  {
    open,
    onMessage,
    signal,
    silenceMs = SILENCE_MS,
    canContinue = () => true,
  }: WatchOptions<Message>,
  isWanted: () => Promise<boolean>,
  onAnyMessage: (isFirst: boolean) => void,
): Promise<End> {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort);
  let silence = setTimeout(abort, silenceMs);
  let isLive = false;
  let isTurnOver = false;
  const turn = setInterval(async () => {
    if (!isLive || !canContinue() || !(await isWanted())) return;
    // While this asked, the stream may have begun something that it can't continue.
    if (!canContinue()) return;
    isTurnOver = true;
    abort();
  }, TURN_MS);
  try {
    for await (const message of open(attempt.signal)) {
      if (isTurnOver) break;
      clearTimeout(silence);
      silence = setTimeout(abort, silenceMs);
      onAnyMessage(!isLive);
      isLive = true;
      onMessage(message);
    }
    return isTurnOver ? { kind: "turn" } : { kind: "broken", error: undefined };
  } catch (error) {
    return isTurnOver ? { kind: "turn" } : { kind: "broken", error };
  } finally {
    clearTimeout(silence);
    clearInterval(turn);
    signal.removeEventListener("abort", abort);
  }
}
