/**
 * Parallel coordinates as a density raster: how many lines pass through each pixel, and the sum of
 * their colors. The same runs give the same pixels on every machine.
 *
 * Each pair of neighboring axes becomes a histogram of lines by their two ends. A histogram is
 * split at its middle column into one of the left and one of the right half, each with the lines'
 * ends there, until a half is a single column of pixels. Lines that have become the same within a
 * half are one entry, so each of the log2(columns) levels costs about height² additions, whatever
 * the number of runs.
 */
import { type Block, coverColumns, splitBlock, splitDrop, steepestOf } from "./densityBlocks";

/** The level of a run that has no value to be colored by. */
export const NO_LEVEL = 255;
/** The level of the highest value. */
export const TOP_LEVEL = 254;

export interface DensityAxis {
  /** The column of pixels. */
  readonly x: number;
  /** The row of pixels of each run, below the height after the shift. */
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
  /** The color of each run, 0 to TOP_LEVEL, or NO_LEVEL. */
  readonly levels: Uint8Array;
  /** How often the bins are halved: a draft has fewer rows than the bins are made for. */
  readonly shift?: number;
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

/** Columns of pixels that a block is drawn on. */
interface Span {
  readonly x: number;
  readonly width: number;
  /** How often the columns between two axes were split. */
  readonly depth: number;
  /** Whether the lines begin, or end, at an even (0) or at an odd (1) row of an axis. */
  readonly parity: number;
}

type Put = (grid: DensityGrid, x: number, columns: Float64Array, from: number) => void;

/** Blocks of at most this number of columns are drawn line by line: another split would take longer. */
const FEW_COLUMNS = 4;

/** Counts lines; keeps its memory for the next drawing. */
export class DensityRaster {
  #levelled = new Float64Array();
  #plain = new Float64Array();
  #columns = new Float64Array();
  #rows = new Uint32Array();
  #grid: DensityGrid | undefined;
  /** Two blocks for each depth: those of its left and its right half. */
  readonly #halves: Float64Array[] = [];

  /** Returns the lines through each pixel; the grid is valid until the next drawing. */
  draw(input: DensityInput): DensityGrid {
    const { width, height, axes } = input;
    const grid = this.#emptyGrid(width, height);
    const cells = height * height;
    if (this.#levelled.length !== cells) {
      this.#levelled = new Float64Array(cells);
      this.#plain = new Float64Array(cells);
      this.#columns = new Float64Array(FEW_COLUMNS * (height + 1));
    }
    const rows = this.#keptRows(input);
    for (let index = 0; index + 1 < axes.length; index++) {
      const left = axes[index];
      const right = axes[index + 1];
      if (left === undefined || right === undefined || right.x <= left.x) continue;
      const hasPlain = this.#fill(input, rows, left.bins, right.bins);
      const width = right.x - left.x;
      // Lines to one point are rounded alike, or they would leave gaps between them.
      const isByEnd = rowsIn(input, rows, right.bins) < rowsIn(input, rows, left.bins);
      for (const parity of [0, 1]) {
        const span = { x: left.x, width, depth: 0, parity };
        const root = {
          stride: height + 1,
          origin: 0,
          steepest: height - 1,
          first: isByEnd ? 0 : parity,
          step: isByEnd ? 1 : 2,
          firstEnd: isByEnd ? parity : 0,
          endStep: isByEnd ? 2 : 1,
        };
        this.#draw(grid, { ...root, lines: this.#levelled }, span, putLevelled);
        if (hasPlain) this.#draw(grid, { ...root, lines: this.#plain }, span, putPlain);
      }
    }
    const last = axes.at(-1);
    if (last !== undefined && axes.length > 1) markEnds(grid, input, rows, last);
    return grid;
  }

  #emptyGrid(width: number, height: number): DensityGrid {
    if (this.#grid?.width === width && this.#grid.height === height) {
      const { counts, sums, plain } = this.#grid;
      for (const array of [counts, sums, plain]) array.fill(0);
    } else {
      const array = () => new Uint32Array(width * height);
      this.#grid = { width, height, counts: array(), sums: array(), plain: array() };
    }
    return this.#grid;
  }

  #keptRows({ count, mask }: DensityInput): Uint32Array {
    if (this.#rows.length < count) this.#rows = new Uint32Array(count);
    let kept = 0;
    for (let row = 0; row < count; row++) if (mask[row] === 1) this.#rows[kept++] = row;
    return this.#rows.subarray(0, kept);
  }

  /** Fills the histograms of two axes, and returns whether there are lines without a level. */
  #fill(
    { levels, height, shift = 0 }: DensityInput,
    rows: Uint32Array,
    left: Uint16Array,
    right: Uint16Array,
  ): boolean {
    const levelled = this.#levelled.fill(0);
    const plain = this.#plain.fill(0);
    let hasPlain = false;
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] as number;
      const cell = ((left[row] as number) >> shift) * height + ((right[row] as number) >> shift);
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

  #draw(grid: DensityGrid, block: Block, span: Span, put: Put): void {
    const { x, width, depth, parity } = span;
    if (width <= FEW_COLUMNS) {
      const columns = this.#columns.fill(0);
      coverColumns(block, grid.height, width, depth + parity, columns);
      for (let offset = 0; offset < width; offset++) {
        put(grid, x + offset, columns, offset * (grid.height + 1));
      }
      return;
    }
    const first = width >> 1;
    const drops = Int16Array.from({ length: 2 * block.steepest + 1 }, (_, index) =>
      splitDrop(index - block.steepest, first, width, depth + parity),
    );
    const left = this.#half(2 * depth, grid.height, steepestOf(drops, 0));
    const right = this.#half(2 * depth + 1, grid.height, steepestOf(drops, block.steepest));
    splitBlock(block, drops, grid.height, left, right);
    this.#draw(grid, left, { x, width: first, depth: depth + 1, parity }, put);
    const rest = { x: x + first, width: width - first, depth: depth + 1, parity };
    this.#draw(grid, right, rest, put);
  }

  #half(index: number, height: number, steepest: number): Block {
    const stride = 2 * steepest + 1;
    const size = stride * height;
    let lines = this.#halves[index];
    if (lines === undefined || lines.length < size) {
      lines = new Float64Array(size);
      this.#halves[index] = lines;
    } else {
      lines.fill(0, 0, size);
    }
    return {
      lines,
      stride,
      origin: steepest,
      steepest,
      first: 0,
      step: 1,
      firstEnd: 0,
      endStep: 1,
    };
  }
}

function putLevelled(
  { width, height, counts, sums }: DensityGrid,
  x: number,
  columns: Float64Array,
  from: number,
) {
  let running = 0;
  for (let y = 0, pixel = x; y < height; y++, pixel += width) {
    running += columns[from + y] as number;
    if (running === 0) continue;
    const count = Math.floor(running / ONE);
    counts[pixel] = (counts[pixel] as number) + count;
    sums[pixel] = (sums[pixel] as number) + running - count * ONE;
  }
}

function putPlain(
  { width, height, plain }: DensityGrid,
  x: number,
  columns: Float64Array,
  from: number,
) {
  let running = 0;
  for (let y = 0, pixel = x; y < height; y++, pixel += width) {
    running += columns[from + y] as number;
    plain[pixel] = (plain[pixel] as number) + running;
  }
}

/** Returns how many rows of pixels the runs have on an axis. */
function rowsIn({ height, shift = 0 }: DensityInput, rows: Uint32Array, bins: Uint16Array): number {
  const isUsed = new Uint8Array(height);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const place = (bins[rows[index] as number] as number) >> shift;
    if (isUsed[place] === 0) count += 1;
    isUsed[place] = 1;
  }
  return count;
}

/** Draws the column of the last axis, where each line is one pixel. */
function markEnds(
  { width, counts, sums, plain }: DensityGrid,
  { levels, shift = 0 }: DensityInput,
  rows: Uint32Array,
  { x, bins }: DensityAxis,
): void {
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number;
    const pixel = ((bins[row] as number) >> shift) * width + x;
    const level = levels[row] as number;
    if (level === NO_LEVEL) plain[pixel] = (plain[pixel] as number) + 1;
    else {
      counts[pixel] = (counts[pixel] as number) + 1;
      sums[pixel] = (sums[pixel] as number) + level;
    }
  }
}
