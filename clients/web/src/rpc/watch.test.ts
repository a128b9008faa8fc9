import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { follow, type WatchStatus } from "./watch";

/** A server whose streams deliver the given messages, then fail or stay open. */
class FakeServer {
  opened = 0;

  constructor(private readonly streams: readonly { messages: string[]; end: Code | "open" }[]) {}

  readonly open = async function* (this: FakeServer, signal: AbortSignal): AsyncIterable<string> {
    const stream = this.streams[this.opened];
    this.opened += 1;
    if (stream === undefined) throw new Error("opened once too often");
    yield* stream.messages;
    if (stream.end !== "open") throw new ConnectError("broken", stream.end);
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new ConnectError("aborted", Code.Canceled)));
    });
  }.bind(this);
}

function start(server: FakeServer, options: { silenceMs?: number } = {}) {
  const stop = new AbortController();
  const received: string[] = [];
  const statuses: WatchStatus[] = [];
  const done = follow<string>({
    open: server.open,
    onMessage: (message) => received.push(message),
    onStatus: (status) => statuses.push(status),
    signal: stop.signal,
    ...options,
  });
  return { stop, received, statuses, done, kinds: () => statuses.map(({ kind }) => kind) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a broken stream is opened again", async () => {
  const server = new FakeServer([
    { messages: ["a", "b"], end: Code.Unavailable },
    { messages: ["c"], end: "open" },
  ]);
  const watch = start(server);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(watch.received).toEqual(["a", "b", "c"]);
  expect(watch.kinds()).toEqual(["connecting", "live", "waiting", "connecting", "live"]);
  watch.stop.abort();
  await watch.done;
});

test("pauses grow while nothing arrives, and start again at the first after a message", async () => {
  const broken = { messages: [], end: Code.Unavailable };
  const server = new FakeServer([
    broken,
    broken,
    broken,
    { messages: ["a"], end: Code.Unavailable },
    { messages: [], end: "open" },
  ]);
  const watch = start(server);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.opened).toBe(5);
  const pauses = watch.statuses.flatMap((status) =>
    status.kind === "waiting" ? [status.pauseMs] : [],
  );
  expect(pauses).toHaveLength(4);
  for (const [index, full] of [500, 1_000, 2_000, 500].entries()) {
    expect(pauses[index]).toBeLessThanOrEqual(full);
    expect(pauses[index]).toBeGreaterThanOrEqual(0.75 * full);
  }
  watch.stop.abort();
  await watch.done;
});

test.each([Code.NotFound, Code.PermissionDenied, Code.Unauthenticated])(
  "an error that opening again does not mend ends the watch: %s",
  async (code) => {
    const server = new FakeServer([{ messages: ["a"], end: code }]);
    const watch = start(server);
    await watch.done;
    expect(watch.kinds()).toEqual(["connecting", "live", "ended"]);
    expect(server.opened).toBe(1);
  },
);

test("a stream without even a checkpoint is given up and opened again", async () => {
  const server = new FakeServer([
    { messages: ["a"], end: "open" },
    { messages: ["b"], end: "open" },
  ]);
  const watch = start(server, { silenceMs: 20_000 });
  await vi.advanceTimersByTimeAsync(19_000);
  expect(server.opened).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(server.opened).toBe(2);
  watch.stop.abort();
  await watch.done;
});

test("an aborted watch ends at once, also in a pause", async () => {
  const server = new FakeServer([{ messages: [], end: Code.Unavailable }]);
  const watch = start(server);
  await vi.advanceTimersByTimeAsync(1);
  watch.stop.abort();
  await watch.done;
  expect(server.opened).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
