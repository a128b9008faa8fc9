import { isTime } from "./runCells";
import { rowOf } from "./runColumns";
import { runStateName } from "./runStates";
import { type Column, type JsonCell, NUMBER_KEY, type RunTable, STATE_KEY } from "./runTable";

/** Rows of one part of a file: few enough that the page answers between two parts. */
const PART_ROWS = 1_000;

/** The names of fields in files, where they differ from those of the columns. */
const FIELD_NAMES: Record<string, string> = {
  duration: "duration_seconds",
  error_message: "error",
};

/** Returns runs as CSV in parts, with unrounded numbers and times in UTC. */
export function* csvParts(
  table: RunTable,
  numbers: Int32Array,
  columns: readonly Column[],
): Generator<string> {
  yield csvLine([NUMBER_KEY, STATE_KEY, ...namesOf(columns)]);
  yield* parts(table, numbers, (row) => {
    const state = runStateName(table.states[row] ?? 0) ?? "";
    const cells = columns.map((column) => csvText(column, row));
    return csvLine([String(table.numbers[row]), state, ...cells]);
  });
}

/** Returns runs as JSON lines in parts, as `wanllmdb runs import` reads them. */
export function* jsonLinesParts(
  table: RunTable,
  numbers: Int32Array,
  columns: readonly Column[],
): Generator<string> {
  yield* parts(table, numbers, (row) => {
    const line: Record<string, unknown> = {
      number: table.numbers[row],
      state: runStateName(table.states[row] ?? 0) ?? null,
    };
    const groups = { parameters: [], metrics: [], labels: [] } as Record<
      string,
      [string, JsonCell][]
    >;
    for (const column of columns) {
      const value = jsonValue(column, row);
      const group = groups[GROUPS[column.kind]];
      if (group === undefined) line[fileNameOf(column)] = value ?? null;
      else if (value !== undefined) group.push([column.name, value]);
    }
    // Object.fromEntries defines __proto__ as a name like any other.
    for (const [name, entries] of Object.entries(groups)) line[name] = Object.fromEntries(entries);
    return `${JSON.stringify(line)}\n`;
  });
}

const GROUPS: Record<Column["kind"], string> = {
  parameter: "parameters",
  objective: "metrics",
  summary: "metrics",
  label: "labels",
  field: "",
};

function* parts(
  table: RunTable,
  numbers: Int32Array,
  lineOf: (row: number) => string,
): Generator<string> {
  for (let from = 0; from < numbers.length; from += PART_ROWS) {
    let part = "";
    for (const number of numbers.subarray(from, from + PART_ROWS)) {
      const row = rowOf(table.numbers, table.count, number);
      if (row >= 0) part += lineOf(row);
    }
    yield part;
  }
}

/** Returns names for the columns of a file; two columns of one name get their kinds in front. */
function namesOf(columns: readonly Column[]): string[] {
  const taken = new Set([NUMBER_KEY, STATE_KEY]);
  const names = columns.map(fileNameOf);
  return names.map((name, index) => {
    const isShared = taken.has(name) || names.indexOf(name) !== names.lastIndexOf(name);
    return isShared ? (columns[index]?.key ?? name) : name;
  });
}

function fileNameOf({ kind, name }: Column): string {
  return kind === "field" ? (FIELD_NAMES[name] ?? name) : name;
}

function csvText(column: Column, row: number): string {
  const value = column.values[row] ?? Number.NaN;
  if (Number.isNaN(value)) return "";
  if (column.scale !== "category") {
    return isTime(column) ? new Date(value * 1000).toISOString() : String(value);
  }
  const cell = column.categoryValues?.[value];
  return typeof cell === "number" ? String(cell) : (column.categories[value] ?? "");
}

function jsonValue(column: Column, row: number): JsonCell | undefined {
  const value = column.values[row] ?? Number.NaN;
  if (Number.isNaN(value)) return undefined;
  if (column.scale === "category") {
    const typed = column.categoryValues?.[value];
    return typed === undefined ? (column.categories[value] ?? "") : typed;
  }
  if (isTime(column)) return new Date(value * 1000).toISOString();
  // JSON has no infinity.
  return Number.isFinite(value) ? value : String(value);
}

// The beginning of a formula, for spreadsheets that strip spaces or read wide characters.
const FORMULA = /^'* *[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Returns a line of a CSV file; an apostrophe makes a text of what would be a formula. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvField).join(",")}\r\n`;
}

function csvField(cell: string): string {
  const isNumber = cell.trim() !== "" && !Number.isNaN(Number(cell));
  const text = FORMULA.test(cell) && !isNumber ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
