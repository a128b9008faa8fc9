import { expect, test } from "vitest";
import { nameOf, type PlotAxis, shareOf, ticksOf } from "./area";

const LINEAR: PlotAxis = { label: "x", min: 0, max: 1, isLog: false, categories: [] };
const LOG: PlotAxis = { ...LINEAR, min: 1e-5, max: 1e-1, isLog: true };
const CATEGORY: PlotAxis = { ...LINEAR, categories: ["adam", "sgd"] };

test("an axis maps its ends to 0 and 1, and a logarithmic one by powers", () => {
  expect(shareOf(0.25, LINEAR)).toBe(0.25);
  expect(shareOf(1e-3, LOG)).toBeCloseTo(0.5);
  expect(shareOf(1, CATEGORY)).toBe(0.75);
  expect(shareOf(4, { ...LINEAR, min: 4, max: 4 })).toBe(0.5);
});

test("ticks are round and within the axis", () => {
  expect(ticksOf(LINEAR, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticksOf(LOG, 10).map((tick) => Math.round(Math.log10(tick)))).toEqual([
    -5, -4, -3, -2, -1,
  ]);
  expect(ticksOf(CATEGORY, 10)).toEqual([0, 1]);
  expect(ticksOf({ ...LINEAR, min: 2, max: 2 }, 5)).toEqual([2]);
});

test("a value is named by its category, and a missing one as not set", () => {
  expect(nameOf(1, CATEGORY)).toBe("sgd");
  expect(nameOf(Number.NaN, LINEAR)).toBe("not set");
});

test("a logarithmic axis of few powers of ten has ticks between them", () => {
  const axis = { label: "", min: 0.002, max: 0.045, isLog: true, categories: [] };
  expect(ticksOf(axis, 5)).toEqual([0.002, 0.005, 0.01, 0.02]);
  expect(ticksOf({ ...axis, min: 1, max: 1e5 }, 10)).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
});
