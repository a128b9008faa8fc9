import fc from "fast-check";
import { expect, test } from "vitest";
import { betaCumulative, normalCumulative } from "./cumulative";
import {
  type DistributionShape,
  densityOf,
  shapeOfChoices,
  shapeOfNumbers,
} from "./distributionShape";

function totalOf(shape: DistributionShape | undefined): number {
  if (shape === undefined) return Number.NaN;
  const sum = (list: readonly { probability: number }[]) =>
    list.reduce((total, { probability }) => total + probability, 0);
  if (shape.kind === "choices") return sum(shape.choices);
  if (shape.kind === "steps") return sum(shape.steps);
  const width = (from: number, to: number) => (shape.isLog ? Math.log(to / from) : to - from);
  return shape.parts.reduce(
    (total, part) => total + densityOf(part, shape.isLog) * width(part.from, part.to),
    0,
  );
}

const NAMES = [
  ...["int_uniform", "uniform", "q_uniform", "log_uniform", "log_uniform_values"],
  ...["inv_log_uniform_values", "q_log_uniform_values", "normal", "q_normal", "log_normal"],
  ...["q_log_normal", "beta", "q_beta"],
];

test("every density integrates to about 1", () => {
  const positive = fc.double({ min: 0.01, max: 50, noNaN: true });
  fc.assert(
    fc.property(
      fc.constantFrom(...NAMES),
      fc.double({ min: 1e-3, max: 50, noNaN: true }),
      positive,
      fc.option(fc.double({ min: 0.01, max: 5, noNaN: true }), { nil: undefined }),
      (name, min, width, q) => {
        const numbers = { min, max: min + width, q, mu: min / 20, sigma: width / 25, a: min, b: 2 };
        expect(totalOf(shapeOfNumbers(name, numbers, false))).toBeCloseTo(1, 2);
      },
    ),
  );
});

test("the cumulative functions are those of scipy", () => {
  expect(normalCumulative(0, 1)(1.96)).toBeCloseTo(0.9750021048517795, 6);
  expect(normalCumulative(3, 2)(0)).toBeCloseTo(0.06680720126885807, 6);
  expect(betaCumulative(2, 5)(0.3)).toBeCloseTo(0.579825, 9);
  expect(betaCumulative(0.5, 0.5)(0.1)).toBeCloseTo(0.20483276469913345, 9);
  expect(betaCumulative(80, 3)(0.95)).toBeCloseTo(0.21635140444367817, 9);
});

test("steps lie where the platform draws them", () => {
  const values = (shape: DistributionShape | undefined) =>
    shape?.kind === "steps" ? shape.steps.map(({ value }) => value) : [];
  expect(values(shapeOfNumbers("int_uniform", { min: 32, max: 70, q: 16 }, true))).toEqual([
    32, 48, 64,
  ]);
  expect(values(shapeOfNumbers("uniform", { min: 0, max: 0.5, q: 0.1 }, false))).toEqual([
    0, 0.1, 0.2, 0.3, 0.4, 0.5,
  ]);
  expect(values(shapeOfNumbers("q_uniform", { min: 1, max: 20, q: 5 }, true))).toEqual([
    0, 5, 10, 15, 20,
  ]);
  expect(values(shapeOfNumbers("q_beta", { a: 2, b: 5, q: 0.25 }, false))).toEqual([
    0, 0.25, 0.5, 0.75, 1,
  ]);
});

test("a logarithmic range of integers is drawn half a step beyond its bounds", () => {
  const shape = shapeOfNumbers("log_uniform", { min: 1, max: 4 }, true);
  expect(shape).toMatchObject({ kind: "steps" });
  const first = shape?.kind === "steps" ? shape.steps[0]?.probability : undefined;
  expect(first).toBeCloseTo(Math.log(3) / Math.log(9), 9);
});

test("a range of many integers is drawn as a density", () => {
  expect(shapeOfNumbers("int_uniform", { min: 1, max: 1e6 }, true)?.kind).toBe("density");
});

test("numbers that make no distribution are not drawn", () => {
  expect(shapeOfNumbers("uniform", { min: 1, max: 1 }, true)).toBeUndefined();
  expect(shapeOfNumbers("uniform", { min: 1 }, true)).toBeUndefined();
  expect(shapeOfNumbers("log_uniform", { min: -4, max: 1 }, false)).toBeUndefined();
  expect(shapeOfNumbers("beta", { a: -1 }, false)).toBeUndefined();
  expect(shapeOfNumbers("normal", { sigma: 0 }, false)).toBeUndefined();
  expect(shapeOfNumbers("uniform", { min: 0, max: 1, q: 0 }, false)).toBeUndefined();
  expect(shapeOfChoices([], undefined)).toBeUndefined();
  expect(shapeOfChoices(["a"], [-1])).toBeUndefined();
});
