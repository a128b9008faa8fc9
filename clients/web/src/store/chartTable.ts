/** A value in a chart's table; undefined where there is none. */
export type Cell = string | number | bigint | undefined;

/** The data of a chart as rows, for people who read them and for files. */
export interface ChartTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Returns a table as CSV with CRLF, as RFC 4180 has it. */
export function csvOf({ head, rows }: ChartTable): string {
  return [head, ...rows].map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

function csvField(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell === "number") return Number.isNaN(cell) ? "" : String(cell);
  if (typeof cell === "bigint") return cell.toString();
  // A spreadsheet would run a text that begins so as a formula.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns a name for a file, of letters, digits and dashes. */
export function fileName(...parts: readonly string[]): string {
  const name = parts.join("-").toLowerCase();
  return name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "") || "chart";
}
