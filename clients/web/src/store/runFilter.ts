import {
  isRunStateName,
  RUN_STATE_NAMES,
  RUN_STATES,
  type RunStateName,
  runStateName,
} from "./runStates";
import { type Column, type ColumnCondition, NUMBER_KEY, type RunFilter } from "./runTable";

/** A condition in an address: categories are named by their texts, which outlive a table. */
export type SearchCondition = Omit<ColumnCondition, "categories" | "unknown"> & {
  readonly values?: readonly string[];
};

/** The filter in the address of a sweep's page; fields at their defaults are left out. */
export interface RunFilterSearch {
  readonly states?: readonly RunStateName[];
  readonly where?: readonly SearchCondition[];
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

/** Returns the filter that an address holds, for a table with these columns. */
export function filterOfSearch(
  { states = [], where = [], top }: RunFilterSearch,
  columns: readonly Column[],
): RunFilter {
  return {
    states: states.map((name) => RUN_STATES[name]),
    conditions: where.map(({ values, ...rest }) => {
      const column = columns.find(({ key }) => key === rest.key);
      return values === undefined ? rest : { ...rest, ...categoriesOf(values, column) };
    }),
    ...(top === undefined ? {} : { top }),
  };
}

/** Returns what an address holds for a filter of a table with these columns. */
export function searchOfFilter(
  { states, conditions, top }: RunFilter,
  columns: readonly Column[],
): RunFilterSearch {
  return parseRunFilterSearch({
    states: states.map((state) => runStateName(state)),
    where: conditions.map(({ categories, unknown = [], ...rest }) => {
      if (categories === undefined && unknown.length === 0) return rest;
      const texts = columns.find(({ key }) => key === rest.key)?.categories ?? [];
      return { ...rest, values: [...(categories ?? []).map((index) => texts[index]), ...unknown] };
    }),
    top,
  });
}

/** Returns which categories the texts name; two categories may read the same. */
function categoriesOf(values: readonly string[], column: Column | undefined) {
  const wanted = new Set(values);
  const categories: number[] = [];
  const known = new Set<string>();
  column?.categories.forEach((text, index) => {
    if (!wanted.has(text)) return;
    categories.push(index);
    known.add(text);
  });
  const unknown = values.filter((text) => !known.has(text));
  return { categories, ...(unknown.length > 0 ? { unknown } : {}) };
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
function uniqueConditions(values: readonly unknown[]): SearchCondition[] {
  const byKey = new Map<string, SearchCondition>();
  for (const value of values) {
    const condition = parseCondition(value);
    if (condition !== undefined && !byKey.has(condition.key)) byKey.set(condition.key, condition);
  }
  return [...byKey.values()];
}

function parseCondition(value: unknown): SearchCondition | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, min, max, values, contains, missing } = value as Record<string, unknown>;
  if (!isConditionKey(key)) return undefined;
  return {
    key,
    ...(isNumber(min) ? { min } : {}),
    ...(isNumber(max) ? { max } : {}),
    ...(Array.isArray(values) ? { values: [...new Set(values.filter(isText))] } : {}),
    ...(isText(contains) && contains !== "" ? { contains } : {}),
    ...(typeof missing === "boolean" ? { missing } : {}),
  };
}

function isConditionKey(key: unknown): key is string {
  if (key === NUMBER_KEY) return true;
  return typeof key === "string" && /^(parameter|objective|summary|label|field):./s.test(key);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isShare(value: unknown): value is number {
  return isNumber(value) && value > 0 && value < 1;
}
