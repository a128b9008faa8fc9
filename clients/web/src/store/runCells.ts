import { formatValue } from "./format";
import type { Column, RunTable } from "./runTable";
import { formatSeconds, formatTime } from "./times";

const FIELD_HEADINGS: Record<string, string> = {
  name: "Name",
  agent_id: "Agent",
  origin: "Chosen by",
  attempt: "Attempt",
  last_step: "Last step",
  create_time: "Created",
  start_time: "Started",
  end_time: "Ended",
  duration: "Duration",
  error_message: "Error",
};

/** Returns what stands above a column. */
export function headingOf({ kind, name }: Pick<Column, "kind" | "name">): string {
  return kind === "field" ? (FIELD_HEADINGS[name] ?? name) : name;
}

/** Whether a column has times, in seconds since 1970. */
export function isTime({ kind, name }: Pick<Column, "kind" | "name">): boolean {
  return kind === "field" && name.endsWith("_time");
}

/** Whether a column is aligned as numbers are. */
export function isNumeric(column: Column): boolean {
  return column.scale !== "category";
}

/** Returns the text of a cell; empty where the run has no value. */
export function cellText(column: Column, row: number): string {
  const value = column.values[row] ?? Number.NaN;
  if (Number.isNaN(value)) return "";
  if (column.scale === "category") return column.categories[value] ?? "";
  if (isTime(column)) return formatTime(value * 1000);
  if (column.kind === "field" && column.name === "duration") return formatSeconds(value);
  return formatValue(value);
}

/** Returns the columns that a page shows at first: what was searched and what came of it. */
export function firstColumns(table: RunTable, constants: ReadonlySet<string>): string[] {
  const searched = table.columns.filter(
    ({ kind, name }) => kind === "parameter" && !constants.has(name),
  );
  const objectives = table.columns.filter(({ kind }) => kind === "objective");
  const fields = ["field:duration", "field:start_time", "field:agent_id", "field:error_message"];
  return [
    ...objectives.map(({ key }) => key),
    ...searched.slice(0, MOST_FIRST_PARAMETERS).map(({ key }) => key),
    ...fields,
  ];
}

const MOST_FIRST_PARAMETERS = 20;
