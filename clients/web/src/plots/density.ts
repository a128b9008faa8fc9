/**
 * Parallel coordinates as a density raster: how many lines pass through each pixel, and the sum of
 * their colours. The same runs give the same pixels on every machine.
 *
 * Each pair of neighbouring axes becomes a histogram of lines by their two ends. A histogram is
 * split at its middle column into one of the left and one of the right half, each with the lines'
 * ends there, until a half is a single column of pixels. Lines that have become the same within a
 * half are one entry, so each of the log2(columns) levels costs about height² additions, whatever
 * the number of runs.
 */

/** The level of a run that has no value to be coloured by. */
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
  /** The colour of each run, 0 to TOP_LEVEL, or NO_LEVEL. */
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

/**
 * Returns how many of `drop` rows a line descends in the first `first` of `width` columns. An even
 * `turn` rounds a half up and an odd one down: the row and the depth of the split in turn, so that
 * neither the roundings of one line add up nor those of many lines in the same column.
 */
export function splitDrop(drop: number, first: number, width: number, turn: number): number {
  const half = turn % 2 === 0 ? width >> 1 : (width - 1) >> 1;
  return Math.floor((drop * first + half) / width);
}

/** The lines of a block of columns by their first row and by the rows that they descend. */
interface Block {
  readonly lines: Float64Array;
  /** The lines of first row `s` that descend `d` rows are at `s * stride + origin + d`. */
  readonly stride: number;
  readonly origin: number;
  /** The most rows that a line descends or ascends. */
  readonly steepest: number;
}

type Put = (grid: DensityGrid, x: number, column: Float64Array) => void;

/** Counts lines; keeps its memory for the next drawing. */
export class DensityRaster {
  #levelled = new Float64Array();
  #plain = new Float64Array();
  #column = new Float64Array();
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
      this.#column = new Float64Array(height + 1);
    }
    const rows = this.#keptRows(input);
    for (let index = 0; index + 1 < axes.length; index++) {
      const left = axes[index];
      const right = axes[index + 1];
      if (left === undefined || right === undefined || right.x <= left.x) continue;
      const hasPlain = this.#fill(input, rows, left.bins, right.bins);
      const root = { stride: height + 1, origin: 0, steepest: height - 1 };
      const gap = right.x - left.x;
      const fan = (lines: Float64Array, put: Put) =>
        this.#draw(grid, { ...root, lines }, left.x, gap, 0, put);
      fan(this.#levelled, putLevelled);
      if (hasPlain) fan(this.#plain, putPlain);
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

  #draw(grid: DensityGrid, block: Block, x: number, width: number, depth: number, put: Put) {
    if (width === 1) {
      coverColumn(block, grid.height, this.#column);
      put(grid, x, this.#column);
      return;
    }
    const first = width >> 1;
    const dropsOf = (turn: number) =>
      Int16Array.from({ length: 2 * block.steepest + 1 }, (_, index) =>
        splitDrop(index - block.steepest, first, width, turn),
      );
    // For the even rows, then for the odd ones.
    const drops = [dropsOf(depth), dropsOf(depth + 1)] as const;
    const steepest = (whole: number) => Math.max(...drops.map((each) => steepestOf(each, whole)));
    const left = this.#half(2 * depth, grid.height, steepest(0));
    const right = this.#half(2 * depth + 1, grid.height, steepest(block.steepest));
    splitBlock(block, drops, grid.height, left, right);
    this.#draw(grid, left, x, first, depth + 1, put);
    this.#draw(grid, right, x + first, width - first, depth + 1, put);
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
    return { lines, stride, origin: steepest, steepest };
  }
}

/** Returns the most rows of a half: of the first, or of the second if the whole's is given. */
function steepestOf(drops: Int16Array, whole: number): number {
  const last = drops.length - 1;
  const low = drops[0] as number;
  const high = drops[last] as number;
  return whole === 0
    ? Math.max(Math.abs(low), Math.abs(high))
    : Math.max(Math.abs(-whole - low), Math.abs(whole - high));
}

function splitBlock(
  { lines, stride, origin, steepest }: Block,
  drops: readonly [Int16Array, Int16Array],
  height: number,
  left: Block,
  right: Block,
): void {
  const [leftLines, rightLines] = [left.lines, right.lines];
  for (let row = 0; row < height; row++) {
    const least = -Math.min(steepest, row);
    const most = Math.min(steepest, height - 1 - row);
    const base = row * stride + origin;
    const parts = row % 2 === 0 ? drops[0] : drops[1];
    const leftBase = row * left.stride + left.origin;
    for (let drop = least; drop <= most; drop++) {
      const weight = lines[base + drop] as number;
      if (weight === 0) continue;
      const part = parts[drop + steepest] as number;
      const there = leftBase + part;
      leftLines[there] = (leftLines[there] as number) + weight;
      const rest = (row + part) * right.stride + right.origin + drop - part;
      rightLines[rest] = (rightLines[rest] as number) + weight;
    }
  }
}

/**
 * Fills a column with differences, whose running sum counts the lines of each row. A line covers
 * the rows from where it enters to where it leaves; the last one belongs to the next column, unless
 * it is the only one.
 */
function coverColumn(
  { lines, stride, origin, steepest }: Block,
  height: number,
  column: Float64Array,
): void {
  column.fill(0);
  for (let row = 0; row < height; row++) {
    const least = -Math.min(steepest, row);
    const most = Math.min(steepest, height - 1 - row);
    const base = row * stride + origin;
    for (let drop = least; drop <= most; drop++) {
      const weight = lines[base + drop] as number;
      if (weight === 0) continue;
      const top = drop < 0 ? row + drop + 1 : row;
      const bottom = drop > 0 ? row + drop : row + 1;
      column[top] = (column[top] as number) + weight;
      column[bottom] = (column[bottom] as number) - weight;
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
