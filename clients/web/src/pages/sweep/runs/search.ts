import { NEWEST_FIRST, type RunOrder } from "../../../store/sortRows";

/** What the address of the table of runs holds beside the filter. */
export interface RunsSearch {
  /** The key of the column by which the table is sorted; descending with a "-" before it. */
  readonly sort?: string;
  /** The keys of the columns that are shown, in this order. */
  readonly columns?: readonly string[];
  /** The number of the run whose details are shown. */
  readonly run?: number;
}

/** Reads the table's settings out of an address, and ignores what is none. */
export function parseRunsSearch({ sort, columns, run }: Record<string, unknown>): RunsSearch {
  const keys = Array.isArray(columns) ? [...new Set(columns.filter(isText))] : [];
  return {
    ...(isText(sort) ? { sort } : {}),
    ...(keys.length > 0 ? { columns: keys } : {}),
    ...(Number.isInteger(run) && Number(run) >= 0 ? { run: Number(run) } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Returns the order that an address holds; the newest runs first if it holds none. */
export function orderOf({ sort }: RunsSearch): RunOrder {
  if (sort === undefined) return NEWEST_FIRST;
  const isDescending = sort.startsWith("-");
  return { key: isDescending ? sort.slice(1) : sort, isDescending };
}

/** Returns what an address holds for an order. */
export function sortOf({ key, isDescending }: RunOrder): string {
  return isDescending ? `-${key}` : key;
}
