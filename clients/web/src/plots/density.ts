/**
 * Parallel coordinates as a density raster: how many lines pass through each pixel, and the mean of
 * their colours. Each pair of neighbouring axes becomes a histogram of two dimensions, from which
 * each column of pixels is drawn; so the cost hardly depends on the number of runs, and the same
 * runs give the same pixels on every machine.
 */
import { colourAt, type Palette, type Rgb } from "./densityPalette";

/** The level of a run that has no value to be coloured by. */
export const NO_LEVEL = 255;
/** The level of the highest value. */
export const TOP_LEVEL = 254;

export interface DensityAxis {
  /** The column of pixels. */
  readonly x: number;
  /** The row of pixels of each run, below the height. */
  readonly bins: Uint16Array;
}

export interface DensityInput {
  readonly width: number;
  readonly height: number;
  /** From the left to the right. */
  readonly axes: readonly DensityAxis[];
  readonly count: number;
  /** 1 for each run to be drawn. */
  readonly mask: Uint8Array;
  /** The colour of each run, 0 to TOP_LEVEL, or NO_LEVEL. */
  readonly levels: Uint8Array;
  /** Draws this many columns of pixels as one: a draft while something moves. */
  readonly step?: number;
}

/** The lines through each pixel, row by row. */
export interface DensityGrid {
  readonly width: number;
  readonly height: number;
  /** Lines with a level. */
  readonly counts: Uint32Array;
  /** The sum of their levels. */
  readonly sums: Uint32Array;
  /** Lines without a level. */
  readonly plain: Uint32Array;
}

// A count and a sum of levels in one double, which holds 53 bits exactly: one addition for both.
const ONE = 2 ** 30;

/** Counts the lines through each pixel. */
export function density(input: DensityInput): DensityGrid {
  const { width, height, axes } = input;
  const grid = {
    width,
    height,
    counts: new Uint32Array(width * height),
    sums: new Uint32Array(width * height),
    plain: new Uint32Array(width * height),
  };
  const levelled = new Float64Array(height * height);
  const plain = new Float64Array(height * height);
  for (let index = 0; index + 1 < axes.length; index++) {
    const left = axes[index];
    const right = axes[index + 1];
    if (left === undefined || right === undefined) continue;
    levelled.fill(0);
    plain.fill(0);
    const hasPlain = fillHistograms(input, left.bins, right.bins, levelled, plain);
    const isLast = index + 2 === axes.length;
    drawPair(
      grid,
      compact(levelled, height),
      left.x,
      right.x,
      isLast,
      input.step ?? 1,
      putLevelled,
    );
    if (hasPlain) {
      drawPair(grid, compact(plain, height), left.x, right.x, isLast, input.step ?? 1, putPlain);
    }
  }
  return grid;
}

function fillHistograms(
  { count, mask, levels, height }: DensityInput,
  left: Uint16Array,
  right: Uint16Array,
  levelled: Float64Array,
  plain: Float64Array,
): boolean {
  let hasPlain = false;
  for (let row = 0; row < count; row++) {
    if (mask[row] !== 1) continue;
    const cell = (left[row] as number) * height + (right[row] as number);
    const level = levels[row] as number;
    if (level === NO_LEVEL) {
      plain[cell] = (plain[cell] as number) + 1;
      hasPlain = true;
    } else {
      levelled[cell] = (levelled[cell] as number) + ONE + level;
    }
  }
  return hasPlain;
}

/** The cells of a histogram that have lines, by the row of the left axis. */
interface Cells {
  /** Where the cells of a left row begin; one entry more than rows. */
  readonly starts: Uint32Array;
  readonly right: Uint16Array;
  readonly weights: Float64Array;
}

function compact(histogram: Float64Array, height: number): Cells {
  let used = 0;
  for (let cell = 0; cell < histogram.length; cell++) if (histogram[cell] !== 0) used++;
  const starts = new Uint32Array(height + 1);
  const right = new Uint16Array(used);
  const weights = new Float64Array(used);
  let next = 0;
  for (let row = 0, cell = 0; row < height; row++) {
    starts[row] = next;
    for (let other = 0; other < height; other++, cell++) {
      const weight = histogram[cell] as number;
      if (weight === 0) continue;
      right[next] = other;
      weights[next++] = weight;
    }
  }
  starts[height] = next;
  return { starts, right, weights };
}

type Put = (grid: DensityGrid, x: number, column: Float64Array) => void;

/**
 * Draws the lines between two axes. A line covers the rows between its ends in a column of pixels:
 * its column holds the differences, whose running sum counts the lines of each row.
 */
function drawPair(
  grid: DensityGrid,
  { starts, right, weights }: Cells,
  from: number,
  to: number,
  isLast: boolean,
  step: number,
  put: Put,
): void {
  const { height } = grid;
  const gap = to - from;
  if (gap <= 0) return;
  const column = new Float64Array(height + 2);
  const enter = new Float64Array(height);
  const leave = new Float64Array(height);
  const end = isLast ? gap + 1 : gap;
  for (let offset = 0; offset < end; offset += step) {
    const here = offset;
    const there = Math.min(offset + step, gap);
    for (let row = 0; row < height; row++) {
      enter[row] = (row * here) / gap;
      leave[row] = (row * there) / gap;
    }
    column.fill(0);
    for (let row = 0; row < height; row++) {
      // The last term keeps a half from falling below itself by the rounding of doubles.
      const enterBase = (row * (gap - here)) / gap + 0.5 + 1e-9;
      const leaveBase = (row * (gap - there)) / gap + 0.5 + 1e-9;
      const stop = starts[row + 1] as number;
      for (let cell = starts[row] as number; cell < stop; cell++) {
        const other = right[cell] as number;
        const weight = weights[cell] as number;
        const first = (enterBase + (enter[other] as number)) | 0;
        const last = (leaveBase + (leave[other] as number)) | 0;
        // The row where the line leaves belongs to the next column, unless it is the only one.
        const top = last < first ? last + 1 : first;
        const bottom = last > first ? last : first + 1;
        column[top] = (column[top] as number) + weight;
        column[bottom] = (column[bottom] as number) - weight;
      }
    }
    for (let repeat = 0; repeat < step && offset + repeat < end; repeat++) {
      put(grid, from + offset + repeat, column);
    }
  }
}

function putLevelled(
  { width, height, counts, sums }: DensityGrid,
  x: number,
  column: Float64Array,
) {
  let running = 0;
  for (let y = 0, pixel = x; y < height; y++, pixel += width) {
    running += column[y] as number;
    if (running === 0) continue;
    const count = Math.floor(running / ONE);
    counts[pixel] = count;
    sums[pixel] = running - count * ONE;
  }
}

function putPlain({ width, height, plain }: DensityGrid, x: number, column: Float64Array) {
  let running = 0;
  for (let y = 0, pixel = x; y < height; y++, pixel += width) {
    running += column[y] as number;
    plain[pixel] = running;
  }
}

/** The least opacity of a pixel with a line: one run among 100,000 is still seen. */
const FAINTEST = 0.1;

/** Returns the grid as pixels: red, green, blue and opacity, which rises by the log of the count. */
export function toneMap(grid: DensityGrid, palette: Palette): Uint8ClampedArray<ArrayBuffer> {
  const { counts, sums, plain } = grid;
  const pixels = new Uint8ClampedArray(counts.length * 4);
  let most = 0;
  for (let pixel = 0; pixel < counts.length; pixel++) {
    const total = (counts[pixel] as number) + (plain[pixel] as number);
    if (total > most) most = total;
  }
  if (most === 0) return pixels;
  const opacities = opacityTable(most);
  const colours = Array.from({ length: TOP_LEVEL + 1 }, (_, level) =>
    colourAt(palette, level / TOP_LEVEL),
  );
  for (let pixel = 0; pixel < counts.length; pixel++) {
    const levelled = counts[pixel] as number;
    const total = levelled + (plain[pixel] as number);
    if (total === 0) continue;
    const colour =
      levelled === 0
        ? palette.missing
        : (colours[Math.round((sums[pixel] as number) / levelled)] as Rgb);
    // Runs without a level do not hide the colour of the others.
    pixels[pixel * 4] = colour[0];
    pixels[pixel * 4 + 1] = colour[1];
    pixels[pixel * 4 + 2] = colour[2];
    pixels[pixel * 4 + 3] = opacities[total] ?? 255;
  }
  return pixels;
}

function opacityTable(most: number): Uint8ClampedArray {
  const table = new Uint8ClampedArray(most + 1);
  for (let total = 1; total <= most; total++) {
    const share = most === 1 ? 1 : Math.log(total) / Math.log(most);
    table[total] = Math.round(255 * (FAINTEST + (1 - FAINTEST) * share));
  }
  return table;
}
