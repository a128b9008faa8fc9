import { expect, test } from "vitest";
import { curvePlaces, runNumbersOf, valueAtIteration } from "./learningCurves";

const CURVE = {
  number: 3,
  state: 3,
  steps: [0, 5, 10],
  values: [1, Number.NaN, 2],
  pointCount: 3,
  seconds: [0.5, 1, 2],
};

test("a curve is placed by step, by its finite values, or by time", () => {
  expect(curvePlaces(CURVE, "step")).toEqual([0, 5, 10]);
  expect(curvePlaces(CURVE, "iteration")).toEqual([1, 1, 2]);
  expect(curvePlaces(CURVE, "time")).toEqual([0.5, 1, 2]);
  expect(curvePlaces({ ...CURVE, values: [1, 1, 2], pointCount: 30 }, "iteration")).toEqual([
    10, 20, 30,
  ]);
});

test("the n-th value is the n-th finite one, and unknown in a sample", () => {
  expect(valueAtIteration(CURVE, 2)).toBe(2);
  expect(valueAtIteration(CURVE, 3)).toBeUndefined();
  expect(valueAtIteration({ ...CURVE, pointCount: 30 }, 1)).toBeUndefined();
});

test("numbers of runs are read with ranges, each once and not too many", () => {
  expect(runNumbersOf("0, 5 12", 10)).toEqual([0, 5, 12]);
  expect(runNumbersOf("3-6; 4–7", 10)).toEqual([3, 4, 5, 6, 7]);
  expect(runNumbersOf("0-999999999", 3)).toEqual([0, 1, 2]);
  expect(runNumbersOf("none", 3)).toEqual([]);
});
