import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Goal, MetricSchema } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { shareOf } from "../plots/area";
import {
  brushBounds,
  finishedRows,
  mayBeLog,
  paretoAxis,
  paretoMetrics,
  valueAt,
} from "./paretoView";
import { RUN_STATES } from "./runStates";
import { tableOf } from "./testing";

const { finished, running, failed } = RUN_STATES;

test("metrics have the values of their columns, and minimize without a goal", () => {
  const table = tableOf(
    [finished],
    [
      { key: "parameter:loss", values: Float64Array.of(1) },
      { key: "objective:loss", kind: "objective", values: Float64Array.of(2) },
      { key: "objective:speed", kind: "objective", values: Float64Array.of(3) },
    ],
  );
  const metrics = [
    create(MetricSchema, { name: "speed", goal: Goal.MAXIMIZE, target: 4 }),
    create(MetricSchema, { name: "loss" }),
    create(MetricSchema, { name: "unknown" }),
  ];
  expect(paretoMetrics(metrics, table)).toEqual([
    {
      name: "speed",
      key: "objective:speed",
      goal: "maximize",
      target: 4,
      values: Float64Array.of(3),
    },
    { name: "loss", key: "objective:loss", goal: "minimize", values: Float64Array.of(2) },
  ]);
});

test("only finished runs that match are candidates", () => {
  const table = tableOf([finished, running, failed, finished]);
  expect([...finishedRows(table)]).toEqual([1, 0, 0, 1]);
  expect([...finishedRows(table, Uint8Array.of(0, 1, 1, 1))]).toEqual([0, 0, 0, 1]);
});

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

test("each run is within its axis", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(finite, positive, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY))),
      fc.boolean(),
      (numbers, isLog) => {
        const values = Float64Array.from(numbers);
        const axis = paretoAxis(
          { name: "loss", values },
          new Uint8Array(values.length).fill(1),
          isLog,
        );
        for (const value of values) {
          if (!Number.isFinite(value)) continue;
          expect(shareOf(value, axis)).toBeGreaterThanOrEqual(0);
          expect(shareOf(value, axis)).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});

test("an axis is logarithmic for positive values only", () => {
  const all = Uint8Array.of(1, 1);
  expect(mayBeLog({ values: Float64Array.of(1, Number.NaN) }, all)).toBe(true);
  expect(mayBeLog({ values: Float64Array.of(1, 0) }, all)).toBe(false);
  expect(mayBeLog({ values: Float64Array.of(1, 0) }, Uint8Array.of(1, 0))).toBe(true);
  const axis = paretoAxis({ name: "loss", values: Float64Array.of(1, -1) }, all, true);
  expect(axis.isLog).toBe(false);
});

test("a brush keeps each value under it and ends near where it ends", () => {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      positive,
      positive,
      fc.boolean(),
      place,
      place,
      place,
      (one, size, isLog, from, to, at) => {
        const axis = { label: "", min: one, max: one + size, isLog, categories: [] };
        const { min = -Infinity, max = Infinity } = brushBounds(axis, from, to);
        const [low, high] = [Math.min(from, to), Math.max(from, to)];
        const value = valueAt(axis, low + (high - low) * at);
        const slack = 1e-9 * Math.abs(value);
        expect(value).toBeGreaterThanOrEqual(min - slack);
        expect(value).toBeLessThanOrEqual(max + slack);
        const pixel = isLog ? 0.001 * (one + size) : 0.001 * size + 1e-9 * one;
        if (low > 0) expect(valueAt(axis, low) - min).toBeLessThanOrEqual(pixel + slack);
        if (high < 1) expect(max - valueAt(axis, high)).toBeLessThanOrEqual(pixel + slack);
      },
    ),
    { numRuns: 1_000 },
  );
  const axis = { label: "", min: 0, max: 1, isLog: false, categories: [] };
  expect(brushBounds(axis, 0.7, 0.3)).toEqual({ min: 0.3, max: 0.7 });
  expect(brushBounds(axis, 0, 1)).toEqual({});
});
