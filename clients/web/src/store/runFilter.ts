import {
  isRunStateName,
  RUN_STATE_NAMES,
  RUN_STATES,
  type RunStateName,
  runStateName,
} from "./runStates";
import type { Column, ColumnCondition, RunFilter, RunTable } from "./runTable";

/** Which end of the objective is the better one. */
export type Direction = "minimize" | "maximize";

/** The filter in the address of a sweep's page; fields at their defaults are left out. */
export interface RunFilterSearch {
  readonly states?: readonly RunStateName[];
  readonly where?: readonly ColumnCondition[];
  readonly top?: number;
}

export const ALL_RUNS: RunFilter = { states: [], conditions: [] };

/** Reads a filter out of an address, and ignores what is none. */
export function parseRunFilterSearch(search: Record<string, unknown>): RunFilterSearch {
  const { states, where, top } = search;
  const named = Array.isArray(states) ? states.filter(isRunStateName) : [];
  const kept = RUN_STATE_NAMES.filter((name) => named.includes(name));
  const conditions = Array.isArray(where) ? uniqueConditions(where) : [];
  return {
    ...(kept.length > 0 ? { states: kept } : {}),
    ...(conditions.length > 0 ? { where: conditions } : {}),
    ...(isShare(top) ? { top } : {}),
  };
}

/** Returns the filter that an address holds. */
export function filterOfSearch({ states = [], where = [], top }: RunFilterSearch): RunFilter {
  return {
    states: states.map((name) => RUN_STATES[name]),
    conditions: where,
    ...(top === undefined ? {} : { top }),
  };
}

/** Returns what an address holds for a filter. */
export function searchOfFilter({ states, conditions, top }: RunFilter): RunFilterSearch {
  return parseRunFilterSearch({
    states: states.map((state) => runStateName(state)),
    where: conditions,
    top,
  });
}

/** Returns the filter with another condition on a column, or without one if it is undefined. */
export function withCondition(
  filter: RunFilter,
  key: string,
  condition: Omit<ColumnCondition, "key"> | undefined,
): RunFilter {
  const others = filter.conditions.filter((each) => each.key !== key);
  return {
    ...filter,
    conditions: condition === undefined ? others : [...others, { ...condition, key }],
  };
}

/** Whether the filter lets every run through. */
export function isEmptyFilter({ states, conditions, top }: RunFilter): boolean {
  return states.length === 0 && conditions.length === 0 && top === undefined;
}

// Two conditions on one column would contradict what the filter bar shows.
function uniqueConditions(values: readonly unknown[]): ColumnCondition[] {
  const byKey = new Map<string, ColumnCondition>();
  for (const value of values) {
    const condition = parseCondition(value);
    if (condition !== undefined && !byKey.has(condition.key)) byKey.set(condition.key, condition);
  }
  return [...byKey.values()];
}

function parseCondition(value: unknown): ColumnCondition | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, min, max, categories, missing } = value as Record<string, unknown>;
  if (typeof key !== "string" || !/^(parameter|objective|summary|label|field):./.test(key)) {
    return undefined;
  }
  return {
    key,
    ...(isNumber(min) ? { min } : {}),
    ...(isNumber(max) ? { max } : {}),
    ...(Array.isArray(categories) ? { categories: categories.filter(isIndex) } : {}),
    ...(typeof missing === "boolean" ? { missing } : {}),
  };
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

function isShare(value: unknown): value is number {
  return isNumber(value) && value > 0 && value < 1;
}

/**
 * Returns 1 for each row that matches the filter, otherwise 0.
 *
 * A condition on a column that the table lacks is ignored. `top` keeps the best of the runs that
 * match everything else and have an objective, with all that tie with the last of them; without a
 * goal it is ignored.
 */
export function matchingRows(
  table: RunTable,
  filter: RunFilter,
  goal: Direction | undefined,
): Uint8Array {
  const mask = new Uint8Array(table.count).fill(1);
  if (filter.states.length > 0) keepStates(mask, table.states, filter.states);
  for (const condition of filter.conditions) {
    const column = table.columns.find(({ key }) => key === condition.key);
    if (column !== undefined) keepCondition(mask, column, condition);
  }
  if (filter.top !== undefined && goal !== undefined) {
    const objective = table.columns.find(({ kind }) => kind === "objective");
    if (objective !== undefined) keepBest(mask, objective.values, filter.top, goal);
  }
  return mask;
}

function keepStates(mask: Uint8Array, states: Uint8Array, wanted: readonly number[]): void {
  const isWanted = new Uint8Array(256);
  for (const state of wanted) isWanted[state] = 1;
  for (let row = 0; row < mask.length; row++) mask[row] = isWanted[states[row] ?? 0] ?? 0;
}

function keepCondition(
  mask: Uint8Array,
  { values }: Column,
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, ...rest }: ColumnCondition,
): void {
  const wanted = rest.categories === undefined ? undefined : new Set(rest.categories);
  const missing = rest.missing === true ? 1 : 0;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    const value = values[row] ?? Number.NaN;
    if (Number.isNaN(value)) mask[row] = missing;
    else if (value < min || value > max || wanted?.has(value) === false) mask[row] = 0;
  }
}

function keepBest(mask: Uint8Array, values: Float64Array, share: number, goal: Direction): void {
  const sign = goal === "minimize" ? 1 : -1;
  const losses = new Float64Array(mask.length);
  let count = 0;
  for (let row = 0; row < mask.length; row++) {
    const value = values[row] ?? Number.NaN;
    if (mask[row] === 1 && !Number.isNaN(value)) losses[count++] = sign * value;
  }
  const sorted = losses.subarray(0, count).sort();
  const last = sorted[Math.max(Math.ceil(share * count), 1) - 1] ?? Number.NaN;
  for (let row = 0; row < mask.length; row++) {
    // A comparison with NaN is false, so that runs without an objective are dropped.
    if (!(sign * (values[row] ?? Number.NaN) <= last)) mask[row] = 0;
  }
}
