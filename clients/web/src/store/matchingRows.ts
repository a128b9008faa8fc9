import {
  type Column,
  type ColumnCondition,
  NUMBER_KEY,
  type RunFilter,
  type RunTable,
} from "./runTable";

/** Which end of the objective is the better one. */
export type Direction = "minimize" | "maximize";

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
    if (condition.key === NUMBER_KEY) {
      keepRange(mask, table.numbers, condition);
      continue;
    }
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

function keepCondition(mask: Uint8Array, column: Column, condition: ColumnCondition): void {
  if (column.scale === "category") keepTexts(mask, column, condition);
  else keepRange(mask, column.values, condition);
}

function keepTexts(
  mask: Uint8Array,
  { values, categories }: Column,
  { categories: chosen, contains, missing }: ColumnCondition,
): void {
  const isWanted = new Uint8Array(categories.length).fill(chosen === undefined ? 1 : 0);
  for (const index of chosen ?? []) isWanted[index] = 1;
  if (contains !== undefined) {
    const part = contains.toLowerCase();
    categories.forEach((text, index) => {
      if (isWanted[index] === 1 && !text.toLowerCase().includes(part)) isWanted[index] = 0;
    });
  }
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    const value = values[row] ?? Number.NaN;
    if (Number.isNaN(value)) mask[row] = missing === true ? 1 : 0;
    else mask[row] = isWanted[value] ?? 0;
  }
}

function keepRange(
  mask: Uint8Array,
  values: Float64Array | Int32Array,
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, ...rest }: ColumnCondition,
): void {
  // A list of categories, even an empty one, keeps no number; what remains is runs without a value.
  const isPossible = rest.categories === undefined && rest.contains === undefined;
  const missing = rest.missing === true ? 1 : 0;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    const value = values[row] ?? Number.NaN;
    if (Number.isNaN(value)) mask[row] = missing;
    else if (!isPossible || value < min || value > max) mask[row] = 0;
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
