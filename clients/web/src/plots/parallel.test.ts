import { expect, test } from "vitest";
import { LIGHT } from "./densityPalette";
import { type ParallelFrame, ParallelRaster } from "./parallel";
import { quantileScale, scaleOf } from "./scales";

const COLUMN = {
  scale: "linear" as const,
  values: Float64Array.of(0, 1, 2, 3),
  categories: [],
  min: 0,
  max: 3,
};
const ALL = Uint8Array.of(1, 1, 1, 1);
const scale = scaleOf(COLUMN, 4, "linear", false);

function frameOf(changes: Partial<ParallelFrame> = {}): ParallelFrame {
  return {
    width: 41,
    height: 31,
    axes: [
      { key: "a", x: 0, scale },
      { key: "b", x: 40, scale },
    ],
    color: undefined,
    mask: ALL,
    hasRest: false,
    palette: LIGHT,
    shift: 0,
    ...changes,
  };
}

function rasterOf(): ParallelRaster {
  const raster = new ParallelRaster();
  const columns = new Map([
    ["a", COLUMN.values],
    ["b", COLUMN.values.slice().reverse()],
  ]);
  raster.setData({ count: 4, columns });
  return raster;
}

const inked = (pixels: Uint8ClampedArray) =>
  [...pixels.keys()].filter((index) => index % 4 === 3 && pixels[index] !== 0);

test("runs that pass are drawn over the rest only where the rest is", () => {
  const raster = rasterOf();
  const rest = new Set(inked(raster.drawRest(frameOf()).pixels));
  const kept = inked(raster.draw(frameOf({ mask: Uint8Array.of(0, 1, 0, 0) })).pixels);
  expect(kept.length).toBeGreaterThan(40);
  expect(kept.length).toBeLessThan(rest.size);
  for (const pixel of kept) expect(rest.has(pixel)).toBe(true);
  expect(inked(raster.draw(frameOf({ mask: new Uint8Array(4) })).pixels)).toEqual([]);
});

test("a draft has half of the size, rounded up, and the rest has all of it", () => {
  const raster = rasterOf();
  const { width, height, pixels } = raster.draw(frameOf({ shift: 1 }));
  expect([width, height, pixels.length]).toEqual([21, 16, 21 * 16 * 4]);
  expect(raster.drawRest(frameOf({ shift: 1 })).width).toBe(41);
});

test("colors follow the quantiles of the runs that pass", () => {
  const raster = rasterOf();
  const colorOf = (mask: Uint8Array) => {
    const color = { key: "a", scale: quantileScale(COLUMN, mask) };
    return [...raster.draw(frameOf({ color, mask: Uint8Array.of(0, 1, 0, 0) })).pixels]
      .filter((_, index) => index % 4 !== 3)
      .reduce((sum, part) => sum + part, 0);
  };
  const withAll = colorOf(ALL);
  expect(colorOf(Uint8Array.of(0, 1, 1, 0))).not.toBe(withAll);
  expect(colorOf(ALL)).toBe(withAll);
});

test("the rest is another one for other axes, sizes, colors or data, and no other mask", () => {
  const raster = rasterOf();
  const name = raster.restName(frameOf());
  expect(raster.restName(frameOf({ mask: new Uint8Array(4), shift: 1 }))).toBe(name);
  const flipped = { key: "a", x: 0, scale: { ...scale, isFlipped: true } };
  for (const changes of [
    { width: 42 },
    { height: 30 },
    { axes: [flipped, ...frameOf().axes.slice(1)] },
    { palette: { ...LIGHT, rest: [0, 0, 0] as const } },
  ]) {
    expect(raster.restName(frameOf(changes))).not.toBe(name);
  }
  raster.setData({ count: 0, columns: new Map() });
  expect(raster.restName(frameOf())).not.toBe(name);
});
