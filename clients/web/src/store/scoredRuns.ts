import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import type { Direction } from "./matchingRows";
import type { Column, RunFilter, RunTable } from "./runTable";

/** The runs of a sweep that have a finite objective, by ascending number. */
export interface ScoredRuns {
  /** Their rows in the table. */
  readonly rows: Int32Array;
  /** Their objectives. */
  readonly objectives: Float64Array;
}

export const NO_SCORED_RUNS: ScoredRuns = {
  rows: new Int32Array(),
  objectives: new Float64Array(),
};

/**
 * Returns the rows that match and have a finite objective. Without a choice of states, only
 * finished runs count: the objective of a run that was stopped early is not a result.
 */
export function scoredRuns(
  table: RunTable,
  mask: Uint8Array,
  objective: Column,
  { states }: Pick<RunFilter, "states">,
): ScoredRuns {
  const rows = new Int32Array(mask.length);
  let count = 0;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    if (states.length === 0 && table.states[row] !== RunState.FINISHED) continue;
    if (Number.isFinite(objective.values[row])) rows[count++] = row;
  }
  const kept = rows.slice(0, count);
  return { rows: kept, objectives: valuesAt(objective, kept) };
}

/** Returns a column's values at some rows. */
export function valuesAt({ values }: Column, rows: Int32Array): Float64Array {
  const found = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    found[index] = values[rows[index] as number] ?? Number.NaN;
  }
  return found;
}

/** Returns the best objective up to each entry. */
export function bestSoFar(objectives: Float64Array, goal: Direction): Float64Array {
  const best = new Float64Array(objectives.length);
  const better = goal === "minimize" ? Math.min : Math.max;
  let known = goal === "minimize" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  for (let index = 0; index < objectives.length; index++) {
    known = better(known, objectives[index] as number);
    best[index] = known;
  }
  return best;
}

/**
 * Returns the ranks of finite objectives: 0 for the best and 1 for the worst. Equal objectives
 * share the mean of their ranks.
 */
export function relativeRanks(objectives: Float64Array, goal: Direction): Float64Array {
  const ranks = meanRanks(objectives);
  const last = Math.max(objectives.length - 1, 1);
  for (let index = 0; index < ranks.length; index++) {
    const share = (ranks[index] as number) / last;
    ranks[index] = goal === "minimize" || objectives.length < 2 ? share : 1 - share;
  }
  return ranks;
}

/** Returns the places of the least ranks, the best first; equal ranks keep their order. */
export function bestPlaces(ranks: Float64Array, most: number): number[] {
  const best: number[] = [];
  for (let place = 0; place < ranks.length && most > 0; place++) {
    const rank = ranks[place] as number;
    if (best.length === most && rank >= (ranks[best[most - 1] as number] as number)) continue;
    let at = best.length;
    while (at > 0 && (ranks[best[at - 1] as number] as number) > rank) at--;
    best.splice(at, 0, place);
    if (best.length > most) best.pop();
  }
  return best;
}

/** Returns the ranks of numbers from 0, ascending; equal ones share the mean of their ranks. */
export function meanRanks(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  const ranks = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const first = countBelow(sorted, value);
    // Most values differ, so that a second search is rarely needed.
    const isOnly = sorted[first + 1] !== value;
    ranks[index] = isOnly ? first : (first + countUpTo(sorted, value) - 1) / 2;
  }
  return ranks;
}

/** Returns how many of ascending values are below a value. */
function countBelow(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns how many of ascending values are at most a value. */
export function countUpTo(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
