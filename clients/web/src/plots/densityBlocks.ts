/** Lines between two axes in blocks of columns, which are split in two until they are drawn. */

/**
 * Returns how many of `drop` rows a line descends in the first `first` of `width` columns. An even
 * `turn` rounds a half up and an odd one down: the depth of the split plus the row at one of the axes,
 * so that neither the roundings of one line add up nor those of many lines in the same column.
 */
export function splitDrop(drop: number, first: number, width: number, turn: number): number {
  const half = turn % 2 === 0 ? width >> 1 : (width - 1) >> 1;
  return Math.floor((drop * first + half) / width);
}

/** The lines of a block of columns by their first row and by the rows that they descend. */
export interface Block {
  readonly lines: Float64Array;
  /** The lines of first row `s` that descend `d` rows are at `s * stride + origin + d`. */
  readonly stride: number;
  readonly origin: number;
  /** The most rows that a line descends or ascends. */
  readonly steepest: number;
  /** The first row that can have lines, and the distance to the next one. */
  readonly first: number;
  readonly step: number;
  /** The same for the rows where lines end. */
  readonly firstEnd: number;
  readonly endStep: number;
}

/** Returns the most rows of a half: of the first, or of the second if the whole's is given. */
export function steepestOf(drops: Int16Array, whole: number): number {
  const last = drops.length - 1;
  const low = drops[0] as number;
  const high = drops[last] as number;
  return whole === 0
    ? Math.max(Math.abs(low), Math.abs(high))
    : Math.max(Math.abs(-whole - low), Math.abs(whole - high));
}

export function splitBlock(
  { lines, stride, origin, steepest, first, step, firstEnd, endStep }: Block,
  drops: Int16Array,
  height: number,
  left: Block,
  right: Block,
): void {
  const [leftLines, rightLines] = [left.lines, right.lines];
  for (let row = first; row < height; row += step) {
    const least = -Math.min(steepest, row);
    const most = Math.min(steepest, height - 1 - row);
    const base = row * stride + origin;
    const leftBase = row * left.stride + left.origin;
    for (let drop = least + firstEnd; drop <= most; drop += endStep) {
      const weight = lines[base + drop] as number;
      if (weight === 0) continue;
      const part = drops[drop + steepest] as number;
      const there = leftBase + part;
      leftLines[there] = (leftLines[there] as number) + weight;
      const rest = (row + part) * right.stride + right.origin + drop - part;
      rightLines[rest] = (rightLines[rest] as number) + weight;
    }
  }
}

/**
 * Fills columns with differences, whose running sum counts the lines of each row. A line covers the
 * rows from where it enters to where it leaves; the last one belongs to the next column, unless it
 * is the only one.
 */
export function coverColumns(
  { lines, stride, origin, steepest, first, step, firstEnd, endStep }: Block,
  height: number,
  width: number,
  turn: number,
  columns: Float64Array,
): void {
  // For each drop, the rows at the edges of the columns.
  const edges = new Int16Array((2 * steepest + 1) * (width + 1));
  for (let drop = -steepest; drop <= steepest; drop++) {
    fillEdges(edges, (drop + steepest) * (width + 1), 0, drop, width, turn);
  }
  for (let row = first; row < height; row += step) {
    const least = -Math.min(steepest, row);
    const most = Math.min(steepest, height - 1 - row);
    const base = row * stride + origin;
    for (let drop = least + firstEnd; drop <= most; drop += endStep) {
      const weight = lines[base + drop] as number;
      if (weight === 0) continue;
      const edge = (drop + steepest) * (width + 1) + 1;
      let enter = row;
      for (let offset = 0, from = 0; offset < width; offset++, from += height + 1) {
        const leave = row + (edges[edge + offset] as number);
        const top = from + (leave < enter ? leave + 1 : enter);
        const bottom = from + (leave > enter ? leave : enter + 1);
        columns[top] = (columns[top] as number) + weight;
        columns[bottom] = (columns[bottom] as number) - weight;
        enter = leave;
      }
    }
  }
}

/** Fills in where a line that descends `drop` rows is at the edges of its columns. */
function fillEdges(
  edges: Int16Array,
  at: number,
  start: number,
  drop: number,
  width: number,
  turn: number,
): void {
  edges[at] = start;
  edges[at + width] = start + drop;
  if (width === 1) return;
  const first = width >> 1;
  const part = splitDrop(drop, first, width, turn);
  fillEdges(edges, at, start, part, first, turn + 1);
  fillEdges(edges, at + first, start + part, drop - part, width - first, turn + 1);
}
