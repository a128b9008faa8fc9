import { expect, test } from "vitest";
import { randomNumbers } from "./randomNumbers";
import {
  binsOf,
  NOT_SET_SHARE,
  positionOf,
  quantileScale,
  type ScaledColumn,
  type ScaleKind,
  scaleKinds,
  scaleOf,
  valueAt,
} from "./scales";
import { linearTicks, ticksOf } from "./scaleTicks";

function column(values: number[], changes: Partial<ScaledColumn> = {}): ScaledColumn {
  const set = values.filter((value) => Number.isFinite(value));
  return {
    scale: "linear",
    values: Float64Array.from(values),
    categories: [],
    min: Math.min(...set),
    max: Math.max(...set),
    ...changes,
  };
}

function randomColumn(seed: number) {
  const next = randomNumbers(seed);
  const size = 10 ** Math.floor(next() * 8 - 4);
  const values = Array.from({ length: 2 + Math.floor(next() * 400) }, () =>
    next() < 0.1 ? Number.NaN : Math.ceil(next() * 50) * size,
  );
  return column([size, 51 * size, ...values]);
}

const NUMERIC: readonly ScaleKind[] = ["linear", "log", "quantile"];

test("greater values are higher, or lower on a flipped axis, and never outside", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const tested = randomColumn(seed);
    const sorted = [...tested.values].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    for (const kind of NUMERIC) {
      for (const isFlipped of [false, true]) {
        const scale = scaleOf(tested, tested.values.length, kind, isFlipped);
        const places = sorted.map((value) => positionOf(scale, value));
        if (isFlipped) places.reverse();
        places.forEach((place, index) => {
          expect(place).toBeGreaterThanOrEqual(scale.hasMissing ? 0.1 : 0);
          expect(place).toBeLessThanOrEqual(1);
          expect(place).toBeGreaterThanOrEqual((places[index - 1] ?? 0) - 1e-12);
        });
      }
    }
  }
});

test("a place leads to a value and back to the place", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const tested = randomColumn(seed);
    for (const kind of ["linear", "log"] as const) {
      const scale = scaleOf(tested, tested.values.length, kind, seed % 2 === 0);
      for (const place of [0.1, 0.25, 0.5, 0.99, 1]) {
        expect(positionOf(scale, valueAt(scale, place))).toBeCloseTo(place, 9);
      }
    }
  }
});

test("a quantile scale gives each quarter of the runs a quarter of the axis", () => {
  const values = Array.from({ length: 10_000 }, (_, index) => Math.exp(index / 500));
  const scale = scaleOf(column(values), values.length, "quantile", false);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const value = values[Math.round(share * 9_999)] ?? 0;
    expect(positionOf(scale, value)).toBeCloseTo(share, 1);
    expect(Math.log(valueAt(scale, share))).toBeCloseTo(Math.log(value), 1);
  }
});

test("the quantiles of some runs are those of a column with them alone", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const tested = randomColumn(seed);
    const next = randomNumbers(seed);
    const mask = Uint8Array.from(tested.values, () => (next() < 0.3 ? 1 : 0));
    const kept = [...tested.values].filter((value, row) => mask[row] === 1 && !Number.isNaN(value));
    const scale = quantileScale(tested, mask);
    const alone = scaleOf(column(kept), kept.length, "quantile", false);
    if (kept.length > 0) expect(scale.knots).toEqual(alone.knots);
    else expect(scale.knots.length).toBeGreaterThan(0);
    expect(scale.hasMissing).toBe(tested.values.some((value) => Number.isNaN(value)));
  }
});

test("the quantiles of many runs are about those of a sample, with the exact ends", () => {
  const next = randomNumbers(3);
  const values = Array.from({ length: 60_000 }, () => next() ** 3);
  const scale = quantileScale(column(values), new Uint8Array(values.length).fill(1));
  const sorted = [...values].sort((one, other) => one - other);
  expect([scale.min, scale.max]).toEqual([sorted[0], sorted.at(-1)]);
  for (const share of [0, 0.1, 0.5, 0.9, 1]) {
    const value = sorted[Math.round(share * (sorted.length - 1))] ?? 0;
    expect(positionOf(scale, value)).toBeCloseTo(share, 1);
  }
});

test("a value that most runs share has one place on a quantile scale", () => {
  const values = [1, 2, 2, 2, 2, 2, 2, 3];
  const scale = scaleOf(column(values), values.length, "quantile", false);
  expect(positionOf(scale, 2)).toBeCloseTo(0.5, 9);
  expect(positionOf(scale, 1)).toBe(0);
  expect(positionOf(scale, 9)).toBe(1);
});

test("runs without a value have the foot of the axis for themselves", () => {
  for (const isFlipped of [false, true]) {
    const scale = scaleOf(column([1, Number.NaN, 3]), 3, "linear", isFlipped);
    expect(positionOf(scale, Number.NaN)).toBe(NOT_SET_SHARE / 2);
    expect(valueAt(scale, 0.01)).toBeNaN();
    expect(ticksOf(scale, 5)[0]?.value).toBeNaN();
    const bins = binsOf(scale, Float64Array.of(1, Number.NaN, 3), 3, 101);
    expect(bins[1]).toBeGreaterThanOrEqual(94);
    expect(Math.max(bins[0] ?? 0, bins[2] ?? 0)).toBe(90);
  }
  const whole = scaleOf(column([1, 2, Number.NaN]), 2, "linear", false);
  expect(whole.hasMissing).toBe(false);
});

test("values that are not finite stay at the ends, and do not stretch the axis", () => {
  const values = [1, 5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const scale = scaleOf(column(values, { max: Number.POSITIVE_INFINITY }), 4, "linear", false);
  expect([scale.min, scale.max]).toEqual([1, 5]);
  expect(values.map((value) => positionOf(scale, value))).toEqual([0, 1, 1, 0]);
});

test("categories are spread over their bands and never into each other's", () => {
  const count = 600;
  const values = Float64Array.from({ length: count }, (_, row) => row % 3);
  const tested = column([], { scale: "category", values, categories: ["a", "b", "c"] });
  const scale = scaleOf({ ...tested, min: 0, max: 2 }, count, "category", false);
  const bins = binsOf(scale, values, count, 300);
  const distinct = new Set<number>();
  bins.forEach((bin, row) => {
    const band = 2 - (values[row] ?? 0);
    expect(Math.floor(bin / 100)).toBe(band);
    distinct.add(bin);
  });
  expect(distinct.size).toBeGreaterThan(150);
  expect(valueAt(scale, 0.5)).toBe(1);
  expect(binsOf(scale, values, count, 300)).toEqual(bins);
});

test("an axis of one value, or of none, has its tick in the middle", () => {
  const one = scaleOf(column([4, 4]), 2, "linear", false);
  expect(ticksOf(one, 5)).toEqual([{ value: 4, position: 0.5 }]);
  const none = scaleOf(
    column([Number.NaN], { min: Number.NaN, max: Number.NaN }),
    1,
    "linear",
    false,
  );
  expect(ticksOf(none, 5).map(({ value }) => value)).toEqual([Number.NaN, 0]);
});

test.each([
  [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0.05, 0.35, 3, [0.1, 0.2, 0.3]],
  [-3, 12, 4, [0, 5, 10]],
  [16, 512, 5, [100, 200, 300, 400, 500]],
])("from %s to %s about %s ticks are %j", (min, max, wanted, ticks) => {
  expect(linearTicks(min, max, wanted)).toEqual(ticks);
});

test.each([
  [1e-5, 1e-1, 5, [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]],
  [1e-8, 1, 4, [1e-8, 1e-6, 1e-4, 1e-2, 1]],
  [1, 100, 5, [1, 3, 10, 30, 100]],
  [2, 10, 4, [2, 4, 6, 8, 10]],
])("on a log scale from %s to %s they are powers", (min, max, wanted, ticks) => {
  const scale = scaleOf(column([min, max]), 2, "log", false);
  expect(ticksOf(scale, wanted).map(({ value }) => value)).toEqual(ticks);
});

test("a log scale is offered for what is above 0 only", () => {
  expect(scaleKinds(column([1, 2]))).toContain("log");
  expect(scaleKinds(column([0, 2]))).not.toContain("log");
  expect(scaleOf(column([0, 2]), 2, "log", false).kind).toBe("linear");
});
