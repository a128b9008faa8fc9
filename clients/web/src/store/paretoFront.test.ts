import fc from "fast-check";
import { expect, test } from "vitest";
import type { Direction } from "./matchingRows";
import { type FrontMetric, frontRows, reachesTargets, stepsOf } from "./paretoFront";

const goal = fc.constantFrom<Direction>("minimize", "maximize");
// Few different values, so that there are ties in one metric and in all.
const value = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.NaN, 0.5, -0, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

const table = fc
  .record({ goals: fc.array(goal, { minLength: 1, maxLength: 4 }), count: fc.nat(40) })
  .chain(({ goals, count }) => {
    const exactly = { minLength: count, maxLength: count };
    return fc.record({
      metrics: fc.tuple(
        ...goals.map((one) =>
          fc
            .array(value, exactly)
            .map((values): FrontMetric => ({ goal: one, values: Float64Array.from(values) })),
        ),
      ),
      candidates: fc
        .array(fc.constantFrom(0, 1, 1, 1), exactly)
        .map((marks) => Uint8Array.from(marks)),
    });
  });

/** Compares each row with each other one. */
function slowFront(metrics: readonly FrontMetric[], candidates: Uint8Array): number[] {
  const rows = [...candidates.keys()].filter(
    (row) => candidates[row] === 1 && metrics.every(({ values }) => !Number.isNaN(values[row])),
  );
  const isAsGood = ({ values, goal: own }: FrontMetric, one: number, other: number) => {
    const [left, right] = [values[one] ?? 0, values[other] ?? 0];
    return own === "minimize" ? left <= right : left >= right;
  };
  return rows.filter(
    (row) =>
      !rows.some(
        (other) =>
          metrics.every((metric) => isAsGood(metric, other, row)) &&
          metrics.some((metric) => !isAsGood(metric, row, other)),
      ),
  );
}

test("the front is what a comparison of each run with each other run finds", () => {
  fc.assert(
    fc.property(table, ({ metrics, candidates }) => {
      expect([...(frontRows(metrics, candidates) ?? [])]).toEqual(slowFront(metrics, candidates));
    }),
    { numRuns: 2_000 },
  );
});

test("a metric that is turned around with its goal has the same front", () => {
  fc.assert(
    fc.property(table, ({ metrics, candidates }) => {
      const turned = metrics.map(
        ({ values, goal: own }): FrontMetric => ({
          values: values.map((each) => -each),
          goal: own === "minimize" ? "maximize" : "minimize",
        }),
      );
      expect(frontRows(turned, candidates)).toEqual(frontRows(metrics, candidates));
    }),
  );
});

test("there is no front without metrics or runs", () => {
  expect(frontRows([], Uint8Array.of(1, 1))).toEqual(new Uint32Array());
  const metric: FrontMetric = { values: new Float64Array(), goal: "minimize" };
  expect(frontRows([metric, metric], new Uint8Array())).toEqual(new Uint32Array());
});

test("a front that takes too many comparisons is given up", () => {
  const ascending = Float64Array.from({ length: 100 }, (_, index) => index);
  const rising: FrontMetric = { values: ascending, goal: "minimize" };
  const falling: FrontMetric = { values: ascending, goal: "maximize" };
  const metrics = [rising, falling, rising, falling];
  const all = new Uint8Array(100).fill(1);
  expect(frontRows(metrics, all)).toHaveLength(100);
  expect(frontRows(metrics, all, 1_000)).toBeUndefined();
});

test("the steps go through each run of the front and only ever get worse in one metric", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 }))),
      goal,
      goal,
      (points, goalX, goalY) => {
        const x = { values: Float64Array.from(points, ([left]) => left), goal: goalX };
        const y = { values: Float64Array.from(points, ([, top]) => top), goal: goalY };
        const front = frontRows([x, y], new Uint8Array(points.length).fill(1)) ?? new Uint32Array();
        const steps = stepsOf(x, y, front);
        const corners = new Set(steps.map(String));
        for (const row of front) expect(corners).toContain(String(points[row]));
        const [signX, signY] = [goalX === "minimize" ? 1 : -1, goalY === "minimize" ? 1 : -1];
        for (const [index, [left, top]] of steps.entries()) {
          const before = steps[index - 1];
          if (before === undefined) continue;
          expect(signX * left).toBeGreaterThanOrEqual(signX * before[0]);
          expect(signY * top).toBeLessThanOrEqual(signY * before[1]);
          expect(left === before[0] || top === before[1]).toBe(true);
        }
      },
    ),
  );
});

test("targets count in the direction of the goal, and a missing value reaches none", () => {
  const metrics: FrontMetric[] = [
    { values: Float64Array.of(0.9, 0.8, 0.95, Number.NaN), goal: "maximize", target: 0.9 },
    { values: Float64Array.of(5, 4, 6, 1), goal: "minimize", target: 5 },
    { values: Float64Array.of(Number.NaN, 1, 1, 1), goal: "minimize" },
  ];
  expect([0, 1, 2, 3].map((row) => reachesTargets(metrics, row))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
