import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { follow, type WatchStatus } from "./watch";

interface Message {
  readonly revision: bigint;
}

/** A server whose streams deliver the given revisions, then fail or stay open. */
class FakeServer {
  readonly opened: bigint[] = [];

  constructor(private readonly streams: readonly { revisions: bigint[]; end: Code | "open" }[]) {}

  readonly open = async function* (
    this: FakeServer,
    since: bigint,
    signal: AbortSignal,
  ): AsyncIterable<Message> {
    const stream = this.streams[this.opened.length];
    this.opened.push(since);
    if (stream === undefined) throw new Error("opened once too often");
    for (const revision of stream.revisions) yield { revision };
    if (stream.end !== "open") throw new ConnectError("broken", stream.end);
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new ConnectError("aborted", Code.Canceled)));
    });
  }.bind(this);
}

function start(server: FakeServer, options: { silenceMs?: number } = {}) {
  const stop = new AbortController();
  const received: bigint[] = [];
  const statuses: WatchStatus[] = [];
  const done = follow<Message>({
    open: server.open,
    since: 7n,
    onMessage: ({ revision }) => received.push(revision),
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

test("a broken stream is continued after the last revision that arrived", async () => {
  const server = new FakeServer([
    { revisions: [8n, 9n], end: Code.Unavailable },
    { revisions: [10n], end: "open" },
  ]);
  const watch = start(server);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(server.opened).toEqual([7n, 9n]);
  expect(watch.received).toEqual([8n, 9n, 10n]);
  expect(watch.kinds()).toEqual(["connecting", "live", "waiting", "connecting", "live"]);
  watch.stop.abort();
  await watch.done;
});

test("pauses grow while nothing arrives, and start again at the first after a message", async () => {
  const broken = { revisions: [], end: Code.Unavailable };
  const server = new FakeServer([
    broken,
    broken,
    broken,
    { revisions: [8n], end: Code.Unavailable },
    { revisions: [], end: "open" },
  ]);
  const watch = start(server);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.opened).toEqual([7n, 7n, 7n, 7n, 8n]);
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
    const server = new FakeServer([{ revisions: [8n], end: code }]);
    const watch = start(server);
    await watch.done;
    expect(watch.kinds()).toEqual(["connecting", "live", "ended"]);
    expect(server.opened).toHaveLength(1);
  },
);

test("a stream without even a checkpoint is given up and opened again", async () => {
  const server = new FakeServer([
    { revisions: [8n], end: "open" },
    { revisions: [9n], end: "open" },
  ]);
  const watch = start(server, { silenceMs: 20_000 });
  await vi.advanceTimersByTimeAsync(19_000);
  expect(server.opened).toEqual([7n]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(server.opened).toEqual([7n, 8n]);
  watch.stop.abort();
  await watch.done;
});

test("an aborted watch ends at once, also in a pause", async () => {
  const server = new FakeServer([{ revisions: [], end: Code.Unavailable }]);
  const watch = start(server);
  await vi.advanceTimersByTimeAsync(1);
  watch.stop.abort();
  await watch.done;
  expect(server.opened).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});
