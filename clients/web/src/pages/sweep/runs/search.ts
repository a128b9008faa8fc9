import { NEWEST_FIRST, type RunOrder } from "../../../store/runTable";

/** The most runs that are compared side by side. */
export const MOST_COMPARED = 10;
/** The bounds of a column's width, in pixels. */
export const LEAST_WIDTH = 48;
export const MOST_WIDTH = 800;

/** What the address of the table of runs holds beside the filter. */
export interface RunsSearch {
  /** The key of the column by which the table is sorted; descending with a "-" before it. */
  readonly sort?: string;
  /** The keys of the columns that are shown, in this order. */
  readonly columns?: readonly string[];
  /** The keys of the columns that stay where they are while the others scroll. */
  readonly pinned?: readonly string[];
  /** The widths that the user chose, in pixels, by the keys of the columns. */
  readonly widths?: Readonly<Record<string, number>>;
  /** The number of the run whose details are shown. */
  readonly run?: number;
  /** The numbers of the runs that are compared. */
  readonly compare?: readonly number[];
}

/** Reads the table's settings out of an address, and ignores what is none. */
export function parseRunsSearch(search: Record<string, unknown>): RunsSearch {
  const { sort, run, compare } = search;
  const [columns, pinned] = [textsOf(search.columns), textsOf(search.pinned)];
  const widths = widthsOf(search.widths);
  const compared = Array.isArray(compare) ? [...new Set(compare.filter(isNumber))] : [];
  return {
    ...(isText(sort) ? { sort } : {}),
    ...(columns.length > 0 ? { columns } : {}),
    ...(pinned.length > 0 ? { pinned } : {}),
    ...(Object.keys(widths).length > 0 ? { widths } : {}),
    ...(isNumber(run) ? { run } : {}),
    ...(compared.length > 0 ? { compare: compared.slice(0, MOST_COMPARED) } : {}),
  };
}

function textsOf(values: unknown): string[] {
  return Array.isArray(values) ? [...new Set(values.filter(isText))] : [];
}

function widthsOf(values: unknown): Record<string, number> {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return {};
  const entries = Object.entries(values).filter(([key, width]) => key !== "" && isWidth(width));
  return Object.fromEntries(entries);
}

function isWidth(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= LEAST_WIDTH && Number(value) <= MOST_WIDTH;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
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
