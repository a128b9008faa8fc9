import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { EarlyTerminationSchema } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { Curve } from "./learningCurves";
import { hyperbandRungs, quantile, stepOfIteration, stopRuleOf } from "./stopRule";

/** The runs of the picture in docs/early-termination.md, whose stopped runs end early. */
const PICTURE = [
  [0.8],
  [0.6, 0.55, 0.5, 0.48, 0.46, 0.45, 0.43, 0.41, 0.42],
  [0.72],
  [0.9],
  [0.66, 0.52, 0.45, 0.4, 0.36, 0.34, 0.32, 0.31, 0.3],
  [0.7, 0.49, 0.71, 0.69, 0.66, 0.64, 0.63, 0.62, 0.6],
].map((values, number) => curveOf(number, values));

function curveOf(number: number, values: number[], state = RunState.FINISHED): Curve {
  return { number, state, values, steps: [...values.keys()], pointCount: values.length };
}

function hyperband(options: { minIter?: bigint; maxIter?: bigint; s?: number; eta?: number }) {
  return create(EarlyTerminationSchema, { rule: { case: "hyperband", value: options } });
}

function pruner(name: string, options: Record<string, number> = {}) {
  const entries = Object.entries(options).map(
    ([key, value]) => [key, { kind: { case: "doubleValue" as const, value } }] as const,
  );
  return create(EarlyTerminationSchema, {
    rule: { case: "pruner", value: { name, options: Object.fromEntries(entries) } },
  });
}

test("hyperband's rungs have the thresholds of the documentation", () => {
  const rule = stopRuleOf(hyperband({ minIter: 1n, eta: 3 }), PICTURE, "minimize");
  expect(rule?.unit).toBe("iteration");
  expect(rule?.rungs).toEqual([
    { at: 1, cut: 0.7, compared: 6 },
    { at: 3, cut: 0.5, compared: 3 },
    { at: 9, cut: 0.42, compared: 3 },
  ]);
});

test("the best values are the largest ones if the metric is maximized", () => {
  const curves = [0.1, 0.2, 0.3, 0.4].map((value, number) => curveOf(number, [value]));
  const rule = stopRuleOf(hyperband({ minIter: 1n, eta: 2 }), curves, "maximize");
  expect(rule?.rungs).toEqual([{ at: 1, cut: 0.2, compared: 4 }]);
});

test("values that are not finite do not count as iterations", () => {
  const curve = curveOf(0, [Number.NaN, 5, Number.POSITIVE_INFINITY, 3]);
  const rule = stopRuleOf(hyperband({ minIter: 2n, eta: 3 }), [curve], "minimize");
  expect(rule?.rungs).toEqual([{ at: 2, cut: 3, compared: 1 }]);
  expect(stepOfIteration([curve], 2)).toBe(3);
});

test("a sample of values gives no thresholds", () => {
  const curve = { ...curveOf(0, [1, 2]), pointCount: 20 };
  const rule = stopRuleOf(hyperband({ minIter: 1n, eta: 3 }), [curve], "minimize");
  expect(rule?.rungs[0]).toEqual({ at: 1, cut: undefined, compared: 0 });
});

test("rungs rise, are whole and end with the longest run", () => {
  const rungs = (minIter: bigint, maxIter: bigint, s: number, eta: number, longest: number) =>
    hyperbandRungs({ minIter, maxIter, s, eta }, longest);
  expect(rungs(0n, 27n, 2, 3, 100)).toEqual([3, 9]);
  expect(rungs(2n, 0n, 0, 1.5, 10)).toEqual([2, 3, 4, 6, 10]);
  expect(rungs(0n, 4n, 5, 3, 100)).toEqual([1]);
  expect(rungs(3n, 0n, 0, 0, 30)).toEqual([3, 9, 27]);
});

test("median and percentile give a course over the finished runs", () => {
  const curves = [1, 2, 3, 4, 5].map((value, number) => curveOf(number, [value, value * 10]));
  const running = curveOf(9, [100, 100], RunState.RUNNING);
  const course = (rule: ReturnType<typeof pruner>, goal: "minimize" | "maximize") =>
    stopRuleOf(rule, [...curves, running], goal)?.course.map(({ at, cut }) => [at, cut]);
  expect(course(pruner("median"), "minimize")).toEqual([
    [0, 3],
    [1, 30],
  ]);
  expect(course(pruner("percentile", { percentile: 25 }), "minimize")?.[0]).toEqual([0, 2]);
  expect(course(pruner("percentile", { percentile: 25 }), "maximize")?.[0]).toEqual([0, 4]);
  expect(course(pruner("median", { n_warmup_steps: 1 }), "minimize")).toEqual([[1, 30]]);
  expect(course(pruner("median", { n_startup_trials: 6 }), "minimize")).toEqual([]);
});

test("successive halving keeps the best part of the runs at each rung", () => {
  const rule = pruner("successive_halving", { min_resource: 1, reduction_factor: 2 });
  const curves = [4, 3, 2, 1].map((value, number) => curveOf(number, [9, value, value]));
  const rungs = stopRuleOf(rule, curves, "minimize")?.rungs;
  expect(rungs).toEqual([
    { at: 1, cut: 2, compared: 4 },
    { at: 2, cut: 2, compared: 4 },
  ]);
});

test("other rules say why they have no lines", () => {
  for (const name of ["patient", "wilcoxon", "hyperband"]) {
    const rule = stopRuleOf(pruner(name), PICTURE, "minimize");
    expect(rule?.text).not.toBe("");
    expect(rule?.rungs.every(({ cut }) => cut === undefined)).toBe(true);
  }
  const levels = stopRuleOf(pruner("threshold", { upper: 3 }), [], "minimize")?.levels;
  expect(levels).toEqual([{ label: "upper", value: 3 }]);
  expect(stopRuleOf(undefined, PICTURE, "minimize")).toBeUndefined();
});

test("a quantile is between the values beside it", () => {
  const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
      const found = quantile(given, share);
      const below = given.filter((value) => value <= found + 1e-9).length;
      const above = given.filter((value) => value >= found - 1e-9).length;
      expect(below).toBeGreaterThanOrEqual(Math.floor(share * (given.length - 1)) + 1);
      expect(above).toBeGreaterThanOrEqual(given.length - Math.ceil(share * (given.length - 1)));
    }),
  );
});
