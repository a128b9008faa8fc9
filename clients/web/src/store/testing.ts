import type { Column, RunTable } from "./runTable";

/** Returns a table for tests; a column that lacks something gets the usual. */
export function tableOf(
  states: readonly number[],
  columns: readonly (Partial<Column> & { key: string; values: Float64Array })[] = [],
): RunTable {
  return {
    count: states.length,
    numbers: Int32Array.from(states.keys()),
    states: Uint8Array.from(states),
    columns: columns.map((column) => ({
      kind: "parameter",
      name: column.key.slice(column.key.indexOf(":") + 1),
      scale: "linear",
      categories: [],
      min: 0,
      max: 1,
      ...column,
    })),
    version: 1,
    revision: 1n,
    expected: states.length,
  };
}
