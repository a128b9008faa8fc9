import type { Direction } from "./matchingRows";

/** A metric's values, one for each row, and which end of them is the better one. */
export interface FrontMetric {
  readonly values: Float64Array;
  readonly goal: Direction;
  /** A value at which the user is content; absent if there is none. */
  readonly target?: number;
}

/** About two seconds of comparisons of runs: a page must not stand still for longer. */
const MOST_COMPARISONS = 300_000_000;

/**
 * Returns the rows, ascending, that no other row dominates: no other row is as good in every
 * metric and better in one. Equal rows are all on the front or all off it. Returns undefined if
 * that takes more comparisons than allowed, because almost every row of very many is on the front.
 *
 * Only rows whose candidate mark is 1 count, and of them those with a value of every metric.
 * Takes O(n log n) for up to three metrics, and O(n · front) for more.
 */
export function frontRows(
  metrics: readonly FrontMetric[],
  candidates: Uint8Array,
  mostComparisons: number = MOST_COMPARISONS,
): Uint32Array | undefined {
  if (metrics.length === 0) return new Uint32Array();
  const losses = metrics.map(lossesOf);
  const rows = withoutClearlyBeaten(completeRows(losses, candidates), losses);
  // In lexicographic order, no row is dominated by a later one, and equal rows are neighbors.
  rows.sort((one, other) => compareRows(losses, one, other));
  const [, second, third] = losses;
  const isBeaten =
    losses.length <= 3 ? beatenByStairs(second, third) : beatenByAny(losses, mostComparisons);
  let before: number | undefined;
  let isOnFront = false;
  try {
    return rows
      .filter((row) => {
        const isEqual = before !== undefined && compareRows(losses, before, row) === 0;
        if (!isEqual) isOnFront = !isBeaten(row);
        before = row;
        return isOnFront;
      })
      .sort();
  } catch (error) {
    if (error instanceof TooManyComparisons) return undefined;
    throw error;
  }
}

class TooManyComparisons extends Error {}

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

/**
 * Returns whether an earlier row is as good in the second and third loss; rows come in
 * lexicographic order. What is kept of them are stairs: with a larger second loss, the least third
 * loss so far only falls.
 */
function beatenByStairs(
  second: Float64Array | undefined,
  third: Float64Array | undefined,
): (row: number) => boolean {
  const [seconds, thirds]: [number[], number[]] = [[], []];
  return (row) => {
    const [two, three] = [second?.[row] ?? 0, third?.[row] ?? 0];
    let [low, high] = [0, seconds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((seconds[middle] ?? 0) <= two) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && (thirds[low - 1] ?? 0) <= three) return true;
    // The row takes the place of an equal second loss, and of stairs that are no longer lower.
    const from = seconds[low - 1] === two ? low - 1 : low;
    let to = low;
    while (to < seconds.length && (thirds[to] ?? 0) >= three) to++;
    seconds.splice(from, to - from, two);
    thirds.splice(from, to - from, three);
    return false;
  };
}

/** Returns whether an earlier row is as good in every loss; rows come in lexicographic order. */
function beatenByAny(
  losses: readonly Float64Array[],
  mostComparisons: number,
): (row: number) => boolean {
  // Beside each other in memory, the losses of the front are compared several times faster.
  const size = losses.length;
  let front = new Float64Array(64 * size);
  let count = 0;
  let comparisons = 0;
  const point = new Float64Array(size);
  const swap = (one: number, other: number) => {
    for (let index = 0; index < size; index++) {
      const kept = front[one * size + index] ?? 0;
      front[one * size + index] = front[other * size + index] ?? 0;
      front[other * size + index] = kept;
    }
  };
  return (row) => {
    for (let index = 0; index < size; index++) point[index] = losses[index]?.[row] ?? 0;
    for (let other = 0; other < count; other++) {
      let index = 0;
      const from = other * size;
      while (index < size && (front[from + index] ?? 0) <= (point[index] ?? 0)) index++;
      if (index < size) continue;
      comparisons += other;
      // What beat one row probably beats the next, so that it is compared earlier.
      swap(other, other >> 1);
      return true;
    }
    comparisons += count;
    if (comparisons > mostComparisons) throw new TooManyComparisons();
    if ((count + 1) * size > front.length) {
      const grown = new Float64Array(2 * front.length);
      grown.set(front);
      front = grown;
    }
    front.set(point, count * size);
    count += 1;
    return false;
  };
}
