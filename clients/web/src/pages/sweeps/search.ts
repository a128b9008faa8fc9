import { isStateName, type StateName } from "../../store/sweeps";

/** What the address of the list of sweeps holds; fields at their defaults are left out. */
export interface SweepsSearch {
  readonly project?: string;
  readonly query?: string;
  readonly states?: readonly StateName[];
}

/** Reads the filters out of an address, and ignores what is no filter. */
export function parseSweepsSearch(search: Record<string, unknown>): SweepsSearch {
  const { project, query, states } = search;
  const named = Array.isArray(states) ? [...new Set(states.filter(isStateName))] : [];
  return {
    ...(isText(project) ? { project } : {}),
    ...(isText(query) ? { query } : {}),
    ...(named.length > 0 ? { states: named } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
