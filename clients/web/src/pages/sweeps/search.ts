import { isOrderName, type OrderName } from "../../store/sweepOrder";
import { isMethodName, isStateName, type MethodName, type StateName } from "../../store/sweeps";

/** What the address of the list of sweeps holds; fields at their defaults are left out. */
export interface SweepsSearch {
  readonly project?: string;
  readonly query?: string;
  readonly states?: readonly StateName[];
  readonly methods?: readonly MethodName[];
  /** The first day of which sweeps are listed, in the reader's zone: "2026-11-29". */
  readonly since?: string;
  /** Newest first if it is left out. */
  readonly order?: OrderName;
  /** Only sweeps created before this time, in milliseconds since 1970: a page of older ones. */
  readonly before?: number;
}

/** Reads the filters out of an address, and ignores what is no filter. */
export function parseSweepsSearch(search: Record<string, unknown>): SweepsSearch {
  const { project, query, since, order, before } = search;
  const states = listOf(search.states, isStateName);
  const methods = listOf(search.methods, isMethodName);
  return {
    ...(isText(project) ? { project } : {}),
    ...(isText(query) ? { query } : {}),
    ...(states.length > 0 ? { states } : {}),
    ...(methods.length > 0 ? { methods } : {}),
    ...(isDay(since) ? { since } : {}),
    ...(isOrderName(order) && order !== "newest" ? { order } : {}),
    ...(typeof before === "number" && Number.isSafeInteger(before) && before > 0 ? { before } : {}),
  };
}

/** Returns whether an address holds a filter, beside the order and the page. */
export function isFiltered({ order: _order, before: _before, ...filters }: SweepsSearch): boolean {
  return Object.keys(filters).length > 0;
}

/** Returns when a day begins in the reader's zone, in milliseconds since 1970. */
export function startOfDay(day: string): number {
  return new Date(`${day}T00:00`).getTime();
}

function isDay(value: unknown): value is string {
  return (
    typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(startOfDay(value))
  );
}

function listOf<T>(value: unknown, is: (one: unknown) => one is T): T[] {
  return Array.isArray(value) ? [...new Set(value.filter(is))] : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
