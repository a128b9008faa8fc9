import fc from "fast-check";
import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { tableOf } from "./testing";
import { barsIn, clampRange, timelineOf, timeTicks } from "./timeline";

interface Given {
  readonly agent: number;
  readonly start: number;
  readonly length: number;
  readonly state: number;
}

const run = fc.record({
  agent: fc.integer({ min: 0, max: 3 }),
  start: fc.integer({ min: 0, max: 200 }),
  length: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 0, max: 30 })),
  state: fc.constantFrom(RunState.FINISHED, RunState.FAILED, RunState.PRUNED),
});

function tableOfRuns(runs: readonly Given[]) {
  const column = (name: string, values: number[]) => ({
    key: `field:${name}`,
    kind: "field" as const,
    values: Float64Array.from(values),
  });
  return tableOf(
    runs.map(({ state }) => state),
    [
      {
        ...column(
          "agent_id",
          runs.map(({ agent }) => agent),
        ),
        scale: "category",
        categories: ["a", "b", "c", "d"],
      },
      column(
        "start_time",
        runs.map(({ start }) => start),
      ),
      column(
        "end_time",
        runs.map(({ start, length }) => start + length),
      ),
    ],
  );
}

test("every run that matches and was assigned is on its agent's lane once", () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 40 }), fc.infiniteStream(fc.boolean()), (runs, kept) => {
      const mask = Uint8Array.from(runs, () => Number(kept.next().value));
      const timeline = timelineOf(tableOfRuns(runs), mask);
      const wanted = [...mask.keys()].filter((row) => mask[row] === 1);
      expect([...timeline.rows].sort((one, other) => one - other)).toEqual(wanted);
      timeline.rows.forEach((row, index) => {
        const track = timeline.tracksOf[index] ?? -1;
        const lane = timeline.lanes.find(
          ({ firstTrack, tracks }) => track >= firstTrack && track < firstTrack + tracks,
        );
        expect(lane?.agent).toBe("abcd"[runs[row]?.agent ?? -1]);
      });
      expect(timeline.lanes.reduce((sum, lane) => sum + lane.runs, 0)).toBe(wanted.length);
    }),
  );
});

test("runs on one track do not overlap, while an agent has fewer than four at once", () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 4 }), (runs) => {
      const timeline = timelineOf(tableOfRuns(runs), new Uint8Array(runs.length).fill(1));
      for (let index = 1; index < timeline.rows.length; index++) {
        if (timeline.tracksOf[index] !== timeline.tracksOf[index - 1]) continue;
        expect(timeline.starts[index]).toBeGreaterThanOrEqual(timeline.ends[index - 1] ?? Infinity);
      }
    }),
  );
});

test("merged bars count every run of the range, and are at most one a pixel and track", () => {
  fc.assert(
    fc.property(
      fc.array(run, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 5, max: 50 }),
      (runs, from, length, width) => {
        const now = 240;
        const timeline = timelineOf(tableOfRuns(runs), new Uint8Array(runs.length).fill(1));
        const range = { from, to: from + length };
        const bars = barsIn(timeline, range, width, now, [0, timeline.tracks]);
        const inside = runs.filter((each) => {
          const end = Number.isNaN(each.length) ? now : each.start + each.length;
          return end >= range.from && each.start <= range.to;
        });
        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(inside.length);
        for (const state of [RunState.FINISHED, RunState.FAILED, RunState.PRUNED]) {
          const drawn = bars.reduce(
            (sum, bar) =>
              sum + (bar.states?.get(state) ?? Number(bar.state === state && !bar.states)),
            0,
          );
          expect(drawn).toBe(inside.filter((each) => each.state === state).length);
        }
        const narrow = bars.filter(({ left, right }) => right - left < 1);
        const wide = bars.length - narrow.length;
        // A wide bar parts the narrow ones of its pixel.
        expect(narrow.length).toBeLessThanOrEqual((width + 2) * timeline.tracks + wide);
      },
    ),
  );
});

test("a run that has not ended reaches to now, and only the given tracks are drawn", () => {
  const runs = [
    { agent: 0, start: 0, length: Number.NaN, state: RunState.RUNNING },
    { agent: 1, start: 5, length: 5, state: RunState.FINISHED },
  ];
  const timeline = timelineOf(tableOfRuns(runs), Uint8Array.of(1, 1));
  const range = { from: 0, to: 20 };
  const barAt = (now: number) => barsIn(timeline, range, 200, now, [0, 1])[0];
  expect(barAt(10)?.right).toBe(100);
  expect(barAt(12)?.right).toBe(120);
  expect(barsIn(timeline, range, 200, 10, [1, 2]).map(({ row }) => row)).toEqual([1]);
});

test("a range stays within the whole and keeps a length", () => {
  const whole = { from: 100, to: 200 };
  expect(clampRange({ from: 50, to: 90 }, whole)).toEqual({ from: 100, to: 140 });
  expect(clampRange({ from: 150, to: 900 }, whole)).toEqual(whole);
  const point = clampRange({ from: 150, to: 150 }, whole);
  expect(point.to).toBeGreaterThan(point.from);
});

test("ticks of time are round and within the range", () => {
  expect(timeTicks({ from: 1_000, to: 1_060 }, 1_000, 6)).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(timeTicks({ from: 1_025, to: 1_125 }, 1_000, 3)).toEqual([60, 120]);
});
