import { radixSort } from "./radixSort";
import { rowOf } from "./runColumns";
import { type Column, NUMBER_KEY, type RunOrder, type RunTable, STATE_KEY } from "./runTable";

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
  radixSort(rows.subarray(0, present), values, order.isDescending);
  const rest = rows.subarray(present);
  const missing = collect(mask, rest, (row) => Number.isNaN(values[row]));
  return rows.subarray(0, present + missing);
}

/** Returns how many of the rows whose mask is 1 are not among the numbers of an earlier order. */
export function countAdded(table: RunTable, mask: Uint8Array, earlier: Int32Array): number {
  const rest = mask.slice();
  for (const number of earlier) {
    const row = rowOf(table.numbers, table.count, number);
    if (row >= 0) rest[row] = 0;
  }
  return rest.reduce((sum, bit) => sum + bit, 0);
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
  const ranked = new Float64Array(table.count);
  for (let row = 0; row < table.count; row++) {
    ranked[row] = ranks[column.values[row] ?? Number.NaN] ?? Number.NaN;
  }
  return ranked;
}

// Ordering texts as people do takes about 10 µs a text, which is too long for 100,000.
const MOST_COLLATED = 5_000;
const ranksByCategories = new WeakMap<readonly string[], Float64Array>();

function ranksOf({ categories }: Column): Float64Array {
  const known = ranksByCategories.get(categories);
  if (known !== undefined) return known;
  const ranks = new Float64Array(categories.length);
  const { compare } =
    categories.length > MOST_COLLATED
      ? { compare: byCodeUnits }
      : new Intl.Collator("en", { numeric: true });
  const sorted = [...categories.keys()].sort((one, other) =>
    compare(categories[one] ?? "", categories[other] ?? ""),
  );
  // Two categories that read the same share a rank, so that their rows stay in order.
  let rank = 0;
  sorted.forEach((category, place) => {
    const earlier = sorted[place - 1];
    if (earlier !== undefined && categories[earlier] !== categories[category]) rank += 1;
    ranks[category] = rank;
  });
  ranksByCategories.set(categories, ranks);
  return ranks;
}

function byCodeUnits(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
