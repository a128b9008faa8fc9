import fc from "fast-check";
import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { bestPlaces, bestSoFar, meanRanks, relativeRanks, scoredRuns } from "./scoredRuns";
import { tableOf } from "./testing";

const numbers = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 40 });

test("a rank is the mean place of all equal values in ascending order", () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const ranks = meanRanks(Float64Array.from(values));
      const sorted = [...values].sort((one, other) => one - other);
      values.forEach((value, index) => {
        const places = [...sorted.keys()].filter((place) => sorted[place] === value);
        const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
        expect(ranks[index]).toBeCloseTo(mean);
      });
    }),
  );
});

test("relative ranks go from 0 for the best to 1 for the worst", () => {
  const objectives = Float64Array.of(3, 1, 2);
  expect([...relativeRanks(objectives, "minimize")]).toEqual([1, 0, 0.5]);
  expect([...relativeRanks(objectives, "maximize")]).toEqual([0, 1, 0.5]);
  expect([...relativeRanks(Float64Array.of(7), "maximize")]).toEqual([0]);
  expect([...relativeRanks(Float64Array.of(), "minimize")]).toEqual([]);
});

test("the best places are the first ones of a sort by rank", () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 12 }), (values, most) => {
      const slow = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
      expect(bestPlaces(Float64Array.from(values), most)).toEqual(slow.slice(0, most));
    }),
  );
});

test("the best so far is the best of everything up to an entry", () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const objectives = Float64Array.from(values);
      const [low, high] = [bestSoFar(objectives, "minimize"), bestSoFar(objectives, "maximize")];
      values.forEach((_, index) => {
        const seen = values.slice(0, index + 1);
        expect(low[index]).toBe(Math.min(...seen));
        expect(high[index]).toBe(Math.max(...seen));
      });
    }),
  );
});

test("only matching finished runs with a finite objective count, unless states are chosen", () => {
  const states = [RunState.FINISHED, RunState.PRUNED, RunState.FINISHED, RunState.FINISHED];
  const values = Float64Array.of(1, 2, Number.NaN, Number.POSITIVE_INFINITY);
  const table = tableOf(states, [{ key: "objective:loss", kind: "objective", values }]);
  const [loss] = table.columns;
  if (loss === undefined) throw new Error("the table has no column");
  const all = new Uint8Array(4).fill(1);
  expect([...scoredRuns(table, all, loss, { states: [] }).rows]).toEqual([0]);
  const chosen = { states: [RunState.PRUNED, RunState.FINISHED] };
  expect([...scoredRuns(table, all, loss, chosen).objectives]).toEqual([1, 2]);
  expect([...scoredRuns(table, new Uint8Array(4), loss, chosen).rows]).toEqual([]);
});
