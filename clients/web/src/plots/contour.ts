/** A surface over two axes as filled levels. */
import { type PlotAxis, shareOf, ticksOf } from "./area";
import type { Rgb } from "./densityPalette";

/** Values at the crossings of two axes' positions: row by row, a row for each y. */
export interface Surface {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly xPositions: readonly number[];
  readonly yPositions: readonly number[];
  /** NaN where the surface has no value. */
  readonly values: readonly number[];
}

/** Returns round values that part an axis into about `count` bands. */
export function contourLevels(axis: PlotAxis, count: number): number[] {
  const inner = ticksOf(axis, count).filter((tick) => tick > axis.min && tick < axis.max);
  if (inner.length >= 2) return inner;
  // Less than two powers of ten: round values of a linear axis are between them.
  const { linearTo: _, ...rest } = axis;
  return ticksOf({ ...rest, isLog: false }, count).filter((t) => t > axis.min && t < axis.max);
}

/** Returns the band that a value is in: 0 below the first level. */
export function bandOf(levels: readonly number[], value: number): number {
  let band = 0;
  while (band < levels.length && value >= (levels[band] as number)) band++;
  return band;
}

/** Where a pixel is between two positions of an axis. */
interface Between {
  readonly below: number;
  readonly above: number;
  /** 0 at `below` to 1 at `above`. */
  readonly part: number;
}

/** Returns where the middles of pixels are between an axis' positions; undefined outside of them. */
function betweenOf(
  axis: PlotAxis,
  positions: readonly number[],
  pixels: number,
  isUp: boolean,
): (Between | undefined)[] {
  const shares = positions.map((position) => shareOf(position, axis));
  const isCategory = axis.categories.length > 0;
  const half = isCategory ? 0.5 / axis.categories.length : 1e-9;
  return Array.from({ length: pixels }, (_, pixel) => {
    const share = (isUp ? pixels - 1 - pixel + 0.5 : pixel + 0.5) / pixels;
    if (isCategory) {
      const at = shares.findIndex((each) => Math.abs(each - share) <= half);
      return at < 0 ? undefined : { below: at, above: at, part: 0 };
    }
    const above = shares.findIndex((each) => each >= share);
    const last = shares.length - 1;
    // The outermost positions also stand for the half pixel beyond them.
    if (above === -1) return atEnd(last, share - (shares[last] ?? 0), pixels);
    if (above === 0) return atEnd(0, (shares[0] ?? 0) - share, pixels);
    const [from, to] = [shares[above - 1] as number, shares[above] as number];
    return { below: above - 1, above, part: (share - from) / (to - from) };
  });
}

function atEnd(at: number, distance: number, pixels: number): Between | undefined {
  return at >= 0 && distance <= 1 / pixels ? { below: at, above: at, part: 0 } : undefined;
}

/** Returns the surface at each pixel, row by row from the top; NaN where it has no value. */
export function sampleSurface(surface: Surface, width: number, height: number): Float64Array {
  const across = betweenOf(surface.x, surface.xPositions, width, false);
  const up = betweenOf(surface.y, surface.yPositions, height, true);
  const columns = surface.xPositions.length;
  const sampled = new Float64Array(width * height).fill(Number.NaN);
  for (let row = 0; row < height; row++) {
    const y = up[row];
    if (y === undefined) continue;
    for (let column = 0; column < width; column++) {
      const x = across[column];
      if (x !== undefined) sampled[row * width + column] = blend(surface.values, columns, x, y);
    }
  }
  return sampled;
}

/** A corner without a value leaves its weight to the others, unless it is the nearest one. */
function blend(values: readonly number[], columns: number, x: Between, y: Between): number {
  let [sum, weights, heaviest, nearest] = [0, 0, -1, Number.NaN];
  for (const [row, ofRow] of [
    [y.below, 1 - y.part],
    [y.above, y.part],
  ] as const) {
    for (const [column, ofColumn] of [
      [x.below, 1 - x.part],
      [x.above, x.part],
    ] as const) {
      const weight = ofRow * ofColumn;
      const value = values[row * columns + column] ?? Number.NaN;
      if (weight > heaviest) [heaviest, nearest] = [weight, value];
      if (Number.isNaN(value)) continue;
      sum += weight * value;
      weights += weight;
    }
  }
  return Number.isNaN(nearest) || weights === 0 ? Number.NaN : sum / weights;
}

/** Returns a sampled surface as pixels, each in the color of its band. */
export function paintSurface(
  sampled: Float64Array,
  levels: readonly number[],
  colors: readonly Rgb[],
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(sampled.length * 4);
  for (let pixel = 0; pixel < sampled.length; pixel++) {
    const value = sampled[pixel] as number;
    const color = Number.isNaN(value) ? undefined : colors[bandOf(levels, value)];
    if (color === undefined) continue;
    pixels[pixel * 4] = color[0];
    pixels[pixel * 4 + 1] = color[1];
    pixels[pixel * 4 + 2] = color[2];
    pixels[pixel * 4 + 3] = 255;
  }
  return pixels;
}
