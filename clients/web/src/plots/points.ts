/** Points as a raster, so that 100,000 of them take milliseconds and dense places look dense. */
import type { Rgb } from "./densityPalette";

/** The level of the best points, which are painted last. */
export const TOP_POINT_LEVEL = 255;

export interface PointsInput {
  /** In pixels of the raster. */
  readonly width: number;
  readonly height: number;
  /** The places of the points in pixels of the raster; NaN for a point that has none. */
  readonly xs: Float32Array;
  readonly ys: Float32Array;
  /** The color of each point, 0 to TOP_POINT_LEVEL, an index into `colors`. */
  readonly levels: Uint8Array;
  readonly colors: readonly Rgb[];
  readonly radius: number;
  readonly opacity: number;
}

/** Returns a radius and an opacity that keep `count` points legible. */
export function pointStyle(count: number): { radius: number; opacity: number } {
  if (count <= 300) return { radius: 3.5, opacity: 0.95 };
  if (count <= 3_000) return { radius: 2.5, opacity: 0.8 };
  if (count <= 20_000) return { radius: 1.75, opacity: 0.6 };
  if (count <= 60_000) return { radius: 1.2, opacity: 0.45 };
  return { radius: 1.2, opacity: 0.3 };
}

/** Returns the points' order by their level; those with the same level keep theirs. */
export function paintOrder(levels: Uint8Array): Int32Array {
  const starts = new Int32Array(257);
  for (const level of levels) starts[level + 1] = (starts[level + 1] ?? 0) + 1;
  for (let level = 1; level < 257; level++) {
    starts[level] = (starts[level] ?? 0) + (starts[level - 1] ?? 0);
  }
  const order = new Int32Array(levels.length);
  for (let index = 0; index < levels.length; index++) {
    const level = levels[index] as number;
    const place = starts[level] as number;
    order[place] = index;
    starts[level] = place + 1;
  }
  return order;
}

/** Returns the points as pixels: red, green, blue and opacity. */
export function paintPoints(input: PointsInput): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, xs, ys, levels, colors } = input;
  const pixels = new Uint8ClampedArray(width * height * 4);
  const reach = input.radius + 0.5;
  const order = paintOrder(levels);
  for (let place = 0; place < order.length; place++) {
    const index = order[place] as number;
    const x = xs[index] as number;
    const y = ys[index] as number;
    const color = colors[levels[index] as number];
    // A comparison with NaN is false.
    if (!(x >= -reach && x < width + reach && y >= -reach && y < height + reach)) continue;
    if (color !== undefined) stamp(pixels, input, x, y, reach, color);
  }
  return pixels;
}

function stamp(
  pixels: Uint8ClampedArray,
  { width, height, opacity }: PointsInput,
  x: number,
  y: number,
  reach: number,
  color: Rgb,
): void {
  const left = Math.max(0, Math.ceil(x - reach - 0.5));
  const right = Math.min(width - 1, Math.floor(x + reach - 0.5));
  const top = Math.max(0, Math.ceil(y - reach - 0.5));
  const bottom = Math.min(height - 1, Math.floor(y + reach - 0.5));
  const square = reach * reach;
  for (let row = top; row <= bottom; row++) {
    const down = row + 0.5 - y;
    for (let column = left; column <= right; column++) {
      const across = column + 0.5 - x;
      const distance = across * across + down * down;
      if (distance >= square) continue;
      const cover = Math.min(reach - Math.sqrt(distance), 1) * opacity;
      const place = (row * width + column) * 4;
      const below = ((pixels[place + 3] as number) / 255) * (1 - cover);
      const total = cover + below;
      pixels[place] = (color[0] * cover + (pixels[place] as number) * below) / total;
      pixels[place + 1] = (color[1] * cover + (pixels[place + 1] as number) * below) / total;
      pixels[place + 2] = (color[2] * cover + (pixels[place + 2] as number) * below) / total;
      pixels[place + 3] = total * 255;
    }
  }
}

/** Returns the point nearest to a place, at most `within` away; undefined if none is. */
export function nearestPoint(
  xs: Float32Array,
  ys: Float32Array,
  x: number,
  y: number,
  within: number,
): number | undefined {
  let nearest: number | undefined;
  let least = within * within;
  for (let index = 0; index < xs.length; index++) {
    const [across, down] = [(xs[index] as number) - x, (ys[index] as number) - y];
    const distance = across * across + down * down;
    if (distance <= least) {
      least = distance;
      nearest = index;
    }
  }
  return nearest;
}
