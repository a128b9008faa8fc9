import type { Column } from "./runTable";
import { meanRanks, valuesAt } from "./scoredRuns";

export type CorrelationMethod = "pearson" | "spearman";

/** A column as correlations see it: numbers, NaN where a run has none. */
export interface ComparedColumn {
  readonly name: string;
  readonly values: Float64Array;
}

/** A symmetric matrix, row by row. */
export interface CorrelationMatrix {
  readonly names: readonly string[];
  /** NaN where one of the two never varies. */
  readonly values: Float64Array;
  /** The number of runs that have both values. */
  readonly runs: Int32Array;
}

/**
 * Returns parameters and metrics as columns that have an order. A logarithmic parameter counts by
 * its logarithm, and categories without an order become a column of 0 and 1 each. Columns beyond
 * `most` are left out: the rarest categories first.
 */
export function comparedColumns(
  parameters: readonly Column[],
  metrics: readonly Column[],
  rows: Int32Array,
  most: number,
): ComparedColumn[] {
  const columns = parameters.flatMap((column) => expanded(column, valuesAt(column, rows)));
  const room = Math.max(most - metrics.length, 0);
  const isDummy = ({ weight }: Expanded) => weight !== undefined;
  const rarest = columns
    .filter(isDummy)
    .sort((one, other) => (one.weight ?? 0) - (other.weight ?? 0))
    .slice(0, Math.max(columns.length - room, 0));
  const dropped = new Set(rarest);
  const kept = columns.filter((column) => !dropped.has(column)).slice(0, room);
  return [
    ...kept.map(({ name, values }) => ({ name, values })),
    ...metrics.map((column) => ({ name: column.name, values: valuesAt(column, rows) })),
  ];
}

interface Expanded extends ComparedColumn {
  /** For a category: the number of runs that have it. */
  readonly weight?: number;
}

function expanded({ name, scale, categories }: Column, values: Float64Array): Expanded[] {
  if (scale === "log") return [{ name, values: values.map(Math.log) }];
  if (scale === "linear") return [{ name, values }];
  const order = orderOf(categories);
  if (order !== undefined)
    return [{ name, values: values.map((index) => order[index] ?? Number.NaN) }];
  return categories.map((category, index) => {
    const has = values.map((value) => (Number.isNaN(value) ? value : Number(value === index)));
    return { name: `${name}=${category}`, values: has, weight: countOf(values, index) };
  });
}

function countOf(values: Float64Array, wanted: number): number {
  let count = 0;
  for (const value of values) if (value === wanted) count++;
  return count;
}

/** Returns the numbers that categories stand for; undefined if they have no order. */
function orderOf(categories: readonly string[]): number[] | undefined {
  if (categories.every((text) => text === "true" || text === "false")) {
    return categories.map((text) => Number(text === "true"));
  }
  const numbers = categories.map((text) =>
    text.trim() === "" ? Number.NaN : Number(text.replaceAll(",", "")),
  );
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

/** Returns the correlations between all pairs of columns, each over the runs that have both. */
export function correlationsOf(
  columns: readonly ComparedColumn[],
  method: CorrelationMethod,
): CorrelationMatrix {
  const size = columns.length;
  const values = new Float64Array(size * size);
  const runs = new Int32Array(size * size);
  const complete = columns.map(({ values: each }) => !each.some(Number.isNaN));
  const scores = columns.map(({ values: each }, index) =>
    method === "spearman" && complete[index] === true ? meanRanks(each) : each,
  );
  for (let one = 0; one < size; one++) {
    for (let other = one; other < size; other++) {
      const [left, right] = [scores[one], scores[other]];
      if (left === undefined || right === undefined) continue;
      const areComplete = complete[one] === true && complete[other] === true;
      const pair = areComplete
        ? { left, right }
        : commonOf(columns[one]?.values ?? left, columns[other]?.values ?? right, method);
      const value = correlation(pair.left, pair.right);
      for (const place of [one * size + other, other * size + one]) {
        values[place] = value;
        runs[place] = pair.left.length;
      }
    }
  }
  return { names: columns.map(({ name }) => name), values, runs };
}

interface Pair {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** Returns what a correlation compares of the runs that have both values. */
function commonOf(left: Float64Array, right: Float64Array, method: CorrelationMethod): Pair {
  const found = { left: new Float64Array(left.length), right: new Float64Array(left.length) };
  let count = 0;
  for (let index = 0; index < left.length; index++) {
    const [one, other] = [left[index] as number, right[index] as number];
    if (Number.isNaN(one) || Number.isNaN(other)) continue;
    found.left[count] = one;
    found.right[count++] = other;
  }
  const pair = { left: found.left.slice(0, count), right: found.right.slice(0, count) };
  if (method === "pearson") return pair;
  return { left: meanRanks(pair.left), right: meanRanks(pair.right) };
}

/** Returns Pearson's correlation; NaN if one of the two never varies. */
function correlation(left: Float64Array, right: Float64Array): number {
  const [one, other] = [centerd(left), centerd(right)];
  if (one === undefined || other === undefined) return Number.NaN;
  let [product, squares, others] = [0, 0, 0];
  for (let index = 0; index < left.length; index++) {
    const x = ((left[index] as number) - one.mean) * one.scale;
    const y = ((right[index] as number) - other.mean) * other.scale;
    product += x * y;
    squares += x * x;
    others += y * y;
  }
  return Math.max(-1, Math.min(1, product / Math.sqrt(squares * others)));
}

/** Returns the mean, and a factor that keeps squares in range; undefined if nothing varies. */
function centerd(values: Float64Array): { mean: number; scale: number } | undefined {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value / values.length;
  }
  return max > min ? { mean: sum, scale: 1 / (max - min) } : undefined;
}
