import type { Direction } from "./runFilter";

/** A metric's values, one for each row, and which end of them is the better one. */
export interface FrontMetric {
  readonly values: Float64Array;
  readonly goal: Direction;
  /** A value at which the user is content; absent if there is none. */
  readonly target?: number;
}

/**
 * Returns the rows, ascending, that no other row dominates: no other row is as good in every
 * metric and better in one. Equal rows are all on the front or all off it.
 *
 * Only rows whose candidate mark is 1 count, and of them those with a value of every metric.
 * Takes O(n log n) for two metrics, and O(n · front) for more.
 */
export function frontRows(metrics: readonly FrontMetric[], candidates: Uint8Array): Uint32Array {
  if (metrics.length === 0) return new Uint32Array();
  const losses = metrics.map(lossesOf);
  const rows = withoutClearlyBeaten(completeRows(losses, candidates), losses);
  // In lexicographic order, no row is dominated by a later one.
  rows.sort((one, other) => compareRows(losses, one, other));
  return (metrics.length === 2 ? frontOfTwo(rows, losses) : frontOfMany(rows, losses)).sort();
}

/** Whether a row is at least as good as the target of each metric that has one. */
export function reachesTargets(metrics: readonly FrontMetric[], row: number): boolean {
  return metrics.every(({ values, goal, target }) => {
    if (target === undefined) return true;
    const value = values[row] ?? Number.NaN;
    return goal === "minimize" ? value <= target : value >= target;
  });
}

/**
 * Returns the corners of the line between what the front of two metrics reaches and what it does
 * not, from one end of the front to the other.
 */
export function stepsOf(
  x: FrontMetric,
  y: FrontMetric,
  front: Uint32Array,
): [x: number, y: number][] {
  const sign = x.goal === "minimize" ? 1 : -1;
  const points = Array.from(front, (row): [number, number] => [
    x.values[row] ?? Number.NaN,
    y.values[row] ?? Number.NaN,
  ]).sort(([one], [other]) => sign * (one - other));
  return points.flatMap(([left, top], index): [number, number][] => {
    const before = points[index - 1];
    return before === undefined
      ? [[left, top]]
      : [
          [left, before[1]],
          [left, top],
        ];
  });
}

function lossesOf({ values, goal }: FrontMetric): Float64Array {
  return goal === "minimize" ? values : values.map((value) => -value);
}

function completeRows(losses: readonly Float64Array[], candidates: Uint8Array): Uint32Array {
  const rows = new Uint32Array(candidates.length);
  let count = 0;
  for (let row = 0; row < candidates.length; row++) {
    if (candidates[row] !== 1) continue;
    if (losses.every((values) => !Number.isNaN(values[row] ?? Number.NaN))) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/** Leaves out what one good row dominates, mostly almost everything, before the rest is sorted. */
function withoutClearlyBeaten(rows: Uint32Array, losses: readonly Float64Array[]): Uint32Array {
  const ranges = losses.map((values) => rangeOf(values, rows));
  let good: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    let sum = 0;
    for (const [index, values] of losses.entries()) {
      const [min, size] = ranges[index] ?? [0, 1];
      sum += ((values[row] ?? 0) - min) / size;
    }
    if (sum < least) [good, least] = [row, sum];
  }
  if (good === undefined) return rows;
  const pivot = good;
  return rows.filter((row) => !dominates(losses, pivot, row));
}

function rangeOf(values: Float64Array, rows: Uint32Array): [min: number, size: number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    const value = values[row] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max > min ? max - min : 1];
}

function compareRows(losses: readonly Float64Array[], one: number, other: number): number {
  for (const values of losses) {
    const [left, right] = [values[one] ?? 0, values[other] ?? 0];
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return 0;
}

function dominates(losses: readonly Float64Array[], one: number, other: number): boolean {
  let isBetter = false;
  for (const values of losses) {
    const [left, right] = [values[one] ?? 0, values[other] ?? 0];
    if (left > right) return false;
    if (left < right) isBetter = true;
  }
  return isBetter;
}

function frontOfTwo(sorted: Uint32Array, losses: readonly Float64Array[]): Uint32Array {
  const [, seconds = new Float64Array()] = losses;
  let least = Number.POSITIVE_INFINITY;
  let last: number | undefined;
  return sorted.filter((row) => {
    const second = seconds[row] ?? 0;
    const isEqual = last !== undefined && compareRows(losses, last, row) === 0;
    if (!isEqual && last !== undefined && second >= least) return false;
    [last, least] = [row, second];
    return true;
  });
}

function frontOfMany(sorted: Uint32Array, losses: readonly Float64Array[]): Uint32Array {
  const front: number[] = [];
  return sorted.filter((row) => {
    const beater = front.findIndex((other) => dominates(losses, other, row));
    const found = front[beater];
    if (found !== undefined) {
      // What dominated one row probably dominates the next, so that it is compared first.
      front.splice(beater, 1);
      front.unshift(found);
      return false;
    }
    front.push(row);
    return true;
  });
}
