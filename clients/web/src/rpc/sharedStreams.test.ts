import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SLOTS, streamSlots } from "./streamSlots";
import { FakeBrowser, FakeServer, type FakeTab } from "./testing";
import type { WatchStatus } from "./watch";
import { watchSweep } from "./watchSweep";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Page {
  readonly tab: FakeTab;
  readonly sweepId: string;
  /** What it had before it was shown. */
  readonly since: bigint;
  readonly seen: bigint[];
  readonly statuses: WatchStatus["kind"][];
  /** What a hidden page does: it drops its watch. */
  readonly hide: () => Promise<void>;
}

/** Opens a page of a sweep in a tab of its own; it continues after a revision. */
function show(browser: FakeBrowser, server: FakeServer, sweepId: string, since = 0n): Page {
  const tab = browser.open();
  const stop = new AbortController();
  const seen: bigint[] = [];
  const statuses: WatchStatus["kind"][] = [];
  const done = watchSweep({
    registry: server.registry,
    sweepId,
    since,
    onSweep: ({ revision }) => seen.push(revision),
    onStatus: ({ kind }) => statuses.push(kind),
    signal: stop.signal,
    tabs: tab,
    slots: streamSlots(tab),
  });
  const hide = () => {
    stop.abort();
    return done;
  };
  return { tab, sweepId, since, seen, statuses, hide };
}

async function settle(ms = 100): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

test("tabs of the same sweep share one stream, and a tab that comes later is live at once", async () => {
  const [browser, server] = [new FakeBrowser(), new FakeServer()];
  server.change("a");
  const pages = Array.from({ length: 7 }, () => show(browser, server, "a"));
  await settle();
  server.change("a");
  await settle();
  const late = show(browser, server, "a");
  await settle();

  for (const { seen, statuses } of pages) {
    expect(seen).toEqual([1n, 2n]);
    expect(statuses.at(-1)).toBe("live");
  }
  expect(late.seen).toEqual([2n]);
  expect(late.statuses.at(-1)).toBe("live");
  expect(server.opened).toBe(1);
  await Promise.all([...pages, late].map(({ hide }) => hide()));
});

test("when the tab with the stream closes, another continues", async () => {
  const [browser, server] = [new FakeBrowser(), new FakeServer()];
  const first = show(browser, server, "a");
  const second = show(browser, server, "a");
  server.change("a");
  await settle();
  await first.hide();
  server.change("a");
  await settle();
  expect(first.seen).toEqual([1n]);
  expect(second.seen).toEqual([1n, 2n]);
  await second.hide();
});

test("more streams than slots take turns, and none stops", async () => {
  const [browser, server] = [new FakeBrowser(), new FakeServer()];
  const pages = Array.from({ length: 9 }, (_, index) => show(browser, server, `sweep ${index}`));
  for (let round = 1n; round <= 3n; round += 1n) {
    for (const { sweepId } of pages) server.change(sweepId);
    await settle(8_000);
    for (const { seen } of pages) expect(seen.at(-1)).toBe(round);
  }
  expect(server.mostOfAll).toBe(SLOTS);
  // A tab that waits for a turn has not lost its connection.
  for (const { statuses } of pages) expect(statuses).toEqual(["connecting", "connecting", "live"]);
  await Promise.all(pages.map(({ hide }) => hide()));
  expect(server.open).toEqual([]);
});

test("without anybody waiting, a stream keeps its connection", async () => {
  const [browser, server] = [new FakeBrowser(), new FakeServer()];
  const pages = ["a", "b", "c", "d"].map((id) => show(browser, server, id));
  await settle(40_000);
  expect(server.opened).toBe(4);
  await Promise.all(pages.map(({ hide }) => hide()));
});

test("a tab that was hidden gets what the tab with the stream had before it", async () => {
  const [browser, server] = [new FakeBrowser(), new FakeServer()];
  server.change("a");
  server.change("a");
  const current = show(browser, server, "a", 2n);
  await settle();
  const behind = show(browser, server, "a", 1n);
  await settle();
  expect(current.seen).toEqual([]);
  expect(behind.seen).toEqual([2n]);
  await Promise.all([current.hide(), behind.hide()]);
});

test("after a restore each tab hears that its revision means nothing, and takes no other's", async () => {
  const [browser, server] = [new FakeBrowser(), new FakeServer()];
  server.change("a");
  const old = [show(browser, server, "a"), show(browser, server, "a")];
  await settle();
  server.restore("d2");
  server.revisions.set("a", 9n);
  // A tab that was opened since, and is the next to have the stream.
  const late = show(browser, server, "a");
  await settle(5_000);
  for (const { seen, statuses } of old) {
    expect(seen).toEqual([1n]);
    expect(statuses.at(-1)).toBe("ended");
  }
  expect(late.seen).toEqual([9n]);
  expect(late.statuses.at(-1)).toBe("live");
  await Promise.all([...old, late].map(({ hide }) => hide()));
});

type Step =
  | { readonly kind: "show"; readonly sweep: number; readonly behind: number }
  | { readonly kind: "hide" | "crash"; readonly page: number }
  | { readonly kind: "change"; readonly sweep: number }
  | { readonly kind: "break" }
  | { readonly kind: "wait"; readonly ms: number };

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("show" as const), sweep: fc.nat(5), behind: fc.nat(2) }),
    fc.record({ kind: fc.constantFrom("hide" as const, "crash" as const), page: fc.nat(20) }),
    fc.record({ kind: fc.constant("change" as const), sweep: fc.nat(5) }),
    fc.record({ kind: fc.constant("break" as const) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(4_000) }),
  ),
  { maxLength: 40 },
);

test("no change is lost or out of order, whichever tab has the stream", async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const [browser, server] = [new FakeBrowser(), new FakeServer()];
      const pages: Page[] = [];
      const all: Page[] = [];
      for (const step of steps) {
        if (step.kind === "show") {
          const sweepId = `sweep ${step.sweep}`;
          // A page that was hidden for a while is behind the others.
          const revision = (server.revisions.get(sweepId) ?? 0n) - BigInt(step.behind);
          const page = show(browser, server, sweepId, revision > 0n ? revision : 0n);
          pages.push(page);
          all.push(page);
        } else if (step.kind === "change") server.change(`sweep ${step.sweep}`);
        else if (step.kind === "break") server.break();
        else if (step.kind === "wait") await settle(step.ms);
        else {
          const [page] = pages.splice(step.page % Math.max(pages.length, 1), 1);
          if (step.kind === "crash") page?.tab.crash();
          void page?.hide();
        }
      }
      await settle(60_000);
      for (const { sweepId, since, seen } of pages) {
        expect(seen.at(-1) ?? since).toBe(server.revisions.get(sweepId) ?? 0n);
      }
      for (const { seen } of all) {
        expect(seen).toEqual([...new Set(seen)].sort((one, other) => Number(one - other)));
      }
      expect(server.mostOfOne).toBeLessThanOrEqual(1);
      expect(server.mostOfAll).toBeLessThanOrEqual(SLOTS);
      for (const page of pages) page.tab.crash();
      await Promise.all(pages.map(({ hide }) => hide()));
    }),
    { numRuns: 100 },
  );
});
