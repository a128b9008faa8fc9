import { type DensityGrid, TOP_LEVEL } from "./density";
import { colorAt, type Palette, type Rgb } from "./densityPalette";

/**
 * Returns the least opacity of a pixel with a line, by the most lines of a pixel: one run among
 * 100,000 is still seen, and a few runs are not faint.
 */
function faintest(most: number): number {
  return Math.max(0.1, 0.75 - 0.2 * Math.log10(most));
}

export type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** Returns the grid as pixels: red, green, blue and opacity, which rises by the log of the count. */
export function toneMap(grid: DensityGrid, palette: Palette): Pixels {
  return paint(grid, [
    ...Array.from({ length: TOP_LEVEL + 1 }, (_, level) => colorAt(palette, level / TOP_LEVEL)),
    palette.missing,
  ]);
}

/** Returns the grid as pixels of one color: the runs that the filter leaves out. */
export function toneMapRest(grid: DensityGrid, { rest }: Palette): Pixels {
  return paint(
    grid,
    Array.from({ length: TOP_LEVEL + 2 }, () => rest),
  );
}

/** Paints with the colors of the levels and, after them, that of lines without a level. */
function paint({ counts, sums, plain }: DensityGrid, colors: readonly Rgb[]): Pixels {
  const pixels = new Uint8ClampedArray(counts.length * 4);
  let most = 0;
  for (let pixel = 0; pixel < counts.length; pixel++) {
    const total = (counts[pixel] as number) + (plain[pixel] as number);
    if (total > most) most = total;
  }
  if (most === 0) return pixels;
  const opacities = opacityTable(most);
  const packed = Uint32Array.from(colors, ([red, green, blue]) => packedOf(red, green, blue, 0));
  const words = new Uint32Array(pixels.buffer);
  const opaque = new Uint32Array(opacities.length);
  for (let total = 1; total <= most; total++) {
    opaque[total] = packedOf(0, 0, 0, opacities[total] as number);
  }
  for (let pixel = 0; pixel < counts.length; pixel++) {
    const levelled = counts[pixel] as number;
    const total = levelled + (plain[pixel] as number);
    if (total === 0) continue;
    // Lines without a level do not change the color of the others.
    const level = levelled === 0 ? TOP_LEVEL + 1 : Math.round((sums[pixel] as number) / levelled);
    words[pixel] = (packed[level] as number) | (opaque[total] as number);
  }
  return pixels;
}

/** Returns the four bytes of a pixel as one number, in the order of this machine. */
function packedOf(red: number, green: number, blue: number, opacity: number): number {
  return new Uint32Array(Uint8Array.of(red, green, blue, opacity).buffer)[0] ?? 0;
}

function opacityTable(most: number): Uint8ClampedArray {
  const table = new Uint8ClampedArray(most + 1);
  const least = faintest(most);
  for (let total = 1; total <= most; total++) {
    const share = most === 1 ? 1 : Math.log(total) / Math.log(most);
    table[total] = Math.round(255 * (least + (1 - least) * share));
  }
  return table;
}
