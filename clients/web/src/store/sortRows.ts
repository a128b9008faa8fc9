import type { Column, RunTable } from "./runTable";

/** The order of a table: a column's key, or one of the two that every table has. */
export interface RunOrder {
  readonly key: string;
  readonly isDescending: boolean;
}

export const NUMBER_KEY = "number";
export const STATE_KEY = "state";

export const NEWEST_FIRST: RunOrder = { key: NUMBER_KEY, isDescending: true };

/**
 * Returns the rows whose mask is 1, in an order; rows without a value come last in both
 * directions, and rows with equal values by ascending number.
 */
export function sortRows(table: RunTable, mask: Uint8Array, order: RunOrder): Uint32Array {
  const rows = new Uint32Array(table.count);
  if (order.key === NUMBER_KEY) {
    const count = collect(mask, rows, () => true);
    const found = rows.subarray(0, count);
    return order.isDescending ? found.reverse() : found;
  }
  const values = rankedValues(table, order.key);
  const present = collect(mask, rows, (row) => !Number.isNaN(values[row]));
  const sign = order.isDescending ? -1 : 1;
  rows
    .subarray(0, present)
    .sort((one, other) => sign * ((values[one] ?? 0) - (values[other] ?? 0)) || one - other);
  const rest = rows.subarray(present);
  const missing = collect(mask, rest, (row) => Number.isNaN(values[row]));
  return rows.subarray(0, present + missing);
}

function collect(mask: Uint8Array, into: Uint32Array, isWanted: (row: number) => boolean): number {
  let count = 0;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && isWanted(row)) into[count++] = row;
  }
  return count;
}

/** Returns numbers that sort as the column's values do. */
function rankedValues(table: RunTable, key: string): Float64Array {
  if (key === STATE_KEY) return Float64Array.from(table.states.subarray(0, table.count));
  const column = table.columns.find((each) => each.key === key);
  if (column === undefined) return new Float64Array(table.count).fill(Number.NaN);
  // A parameter's categories have the order of the search space; others are known by their names.
  if (column.scale !== "category" || column.kind === "parameter") return column.values;
  const ranks = ranksOf(column);
  return column.values.map((value) => ranks[value] ?? Number.NaN);
}

function ranksOf({ categories }: Column): number[] {
  const ranks: number[] = [];
  const { compare } = new Intl.Collator("en", { numeric: true });
  const sorted = [...categories.keys()].sort((one, other) =>
    compare(categories[one] ?? "", categories[other] ?? ""),
  );
  sorted.forEach((category, rank) => {
    ranks[category] = rank;
  });
  return ranks;
}
