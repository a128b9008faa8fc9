import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlotAxis } from "./area";
import { bandOf, contourLevels, paintSurface, sampleSurface } from "./contour";

const AXIS: PlotAxis = { label: "x", min: 0, max: 1, isLog: false, categories: [] };

test("levels are round, ascending and part the axis", () => {
  expect(contourLevels(AXIS, 5)).toEqual([0.2, 0.4, 0.6, 0.8]);
  const log = contourLevels({ ...AXIS, min: 1e-4, max: 1, isLog: true }, 10);
  expect(log.map((level) => Math.round(Math.log10(level)))).toEqual([-3, -2, -1]);
  expect(contourLevels({ ...AXIS, min: 1, max: 8, isLog: true }, 10).length).toBeGreaterThan(2);
});

test("a band has as many levels below it as its number", () => {
  fc.assert(
    fc.property(fc.double({ min: -1, max: 2, noNaN: true }), (value) => {
      const levels = contourLevels(AXIS, 8);
      expect(bandOf(levels, value)).toBe(levels.filter((level) => level <= value).length);
    }),
  );
});

test("a plane keeps its values between the positions", () => {
  const positions = [0, 0.25, 1];
  const plane = (x: number, y: number) => 2 * x + 3 * y;
  const surface = {
    x: AXIS,
    y: AXIS,
    xPositions: positions,
    yPositions: positions,
    values: positions.flatMap((y) => positions.map((x) => plane(x, y))),
  };
  const [width, height] = [8, 10];
  const sampled = sampleSurface(surface, width, height);
  sampled.forEach((value, pixel) => {
    const x = ((pixel % width) + 0.5) / width;
    const y = (height - 1 - Math.floor(pixel / width) + 0.5) / height;
    expect(value).toBeCloseTo(plane(x, y));
  });
});

test("a logarithmic axis is blended by its logarithm, and nothing is between categories", () => {
  const surface = {
    x: { ...AXIS, min: 1, max: 100, isLog: true },
    y: { ...AXIS, categories: ["a", "b"] },
    xPositions: [1, 100],
    yPositions: [0, 1],
    values: [0, 10, 100, 100],
  };
  const sampled = sampleSurface(surface, 1, 4);
  expect([...sampled]).toEqual([100, 100, 5, 5]);
});

test("pixels without a surface stay empty", () => {
  const surface = {
    x: AXIS,
    y: AXIS,
    xPositions: [0, 1],
    yPositions: [0, 1],
    values: [1, Number.NaN, 1, Number.NaN],
  };
  const sampled = sampleSurface(surface, 4, 2);
  expect([...sampled.subarray(0, 4)]).toEqual([1, 1, Number.NaN, Number.NaN]);
  const pixels = paintSurface(
    sampled,
    [0.5],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  expect([...pixels.subarray(0, 4)]).toEqual([4, 5, 6, 255]);
  expect([...pixels.subarray(8, 12)]).toEqual([0, 0, 0, 0]);
});
