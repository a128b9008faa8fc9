/** Results of other runs as text: CSV, JSON lines, or a JSON list of objects. */

/** A run as a text has it: its values by the names of columns or keys. */
export interface PriorRow {
  /** The line of the text at which it begins, counted from 1. */
  readonly line: number;
  readonly values: ReadonlyMap<string, string>;
  /** Why the row can't be read; undefined if it can. */
  readonly problem?: string;
}

/** The runs of a text, and the text in a form that the server takes. */
export interface PriorRunText {
  readonly format: "csv" | "jsonLines";
  readonly names: readonly string[];
  readonly rows: readonly PriorRow[];
  /** CSV: the header. */
  readonly head: string;
  /** Each row as the server takes it, in the order of `rows`. */
  readonly records: readonly string[];
  /** Why the whole text can't be read; undefined if it can. */
  readonly problem?: string;
}

/** Reads runs from a text; its first character says which format it has. */
export function readPriorRuns(text: string): PriorRunText {
  const plain = text.replace(/^\ufeff/, "");
  const first = plain.trimStart()[0];
  if (first === "[") return readJsonLines(linesOfList(plain));
  if (first === "{") {
    return readJsonLines(plain.split("\n").map((record, index) => ({ record, line: index + 1 })));
  }
  return readCsv(plain);
}

interface Line {
  readonly record: string;
  readonly line: number;
}

function readJsonLines(lines: readonly Line[]): PriorRunText {
  const names = new Set<string>();
  const filled = lines.filter(({ record }) => record.trim() !== "");
  const rows = filled.map(({ record, line }) => {
    const values = valuesOf(record);
    if (values === undefined) {
      return { line, values: new Map<string, string>(), problem: "is no JSON object" };
    }
    for (const name of values.keys()) names.add(name);
    return { line, values };
  });
  return {
    format: "jsonLines",
    names: [...names],
    rows,
    head: "",
    records: filled.map(({ record }) => record),
    ...(rows.length === 0 ? { problem: "There is no run in this text." } : {}),
  };
}

function valuesOf(record: string): Map<string, string> | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(record);
  } catch {
    return undefined;
  }
  if (!isObject(entry)) return undefined;
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(entry)) {
    if ((key === "parameters" || key === "metrics") && isObject(value)) {
      for (const [name, inner] of Object.entries(value)) add(values, `${key}.${name}`, inner);
    } else {
      add(values, key, value);
    }
  }
  return values;
}

function add(values: Map<string, string>, name: string, value: unknown): void {
  if (value !== null) values.set(name, typeof value === "string" ? value : JSON.stringify(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the items of a JSON list, each in one line, with their digits as they are written. */
function linesOfList(text: string): Line[] {
  const found: Line[] = [];
  let depth = 0;
  let isInText = false;
  let begin = -1;
  let line = 1;
  let beginLine = 1;
  const close = (end: number) => {
    const record = text.slice(begin, end).replace(/[\r\n]+/g, " ");
    if (begin >= 0 && record.trim() !== "") found.push({ record: record.trim(), line: beginLine });
    begin = -1;
  };
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\n") line += 1;
    if (isInText) {
      if (character === "\\") index += 1;
      else if (character === '"') isInText = false;
      continue;
    }
    if (character === "]" || character === "}") {
      depth -= 1;
      if (depth === 0) close(index);
    }
    if (depth === 1 && character === ",") close(index);
    else if (depth === 1 && begin < 0 && /\S/.test(character ?? "") && character !== "}") {
      [begin, beginLine] = [index, line];
    }
    if (character === "[" || character === "{") depth += 1;
    if (character === '"') isInText = true;
  }
  // A list that does not end is no JSON: its last item stays, and is reported.
  close(text.length);
  return found;
}

function readCsv(text: string): PriorRunText {
  const records = csvRecords(text);
  const [head, ...others] = records;
  const names = (head?.cells ?? []).map((name) => unquoted(name.trim()));
  const filled = others.filter(({ cells }) => cells.length > 1 || cells[0] !== "");
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  const problem =
    head === undefined || text.trim() === ""
      ? "The text is empty."
      : repeated.length > 0
        ? `The header names ${[...new Set(repeated)].join(", ")} more than once.`
        : filled.length === 0
          ? "There is no row below the header."
          : undefined;
  return {
    format: "csv",
    names,
    rows: filled.map(({ line, cells, isOpen }) => ({
      line,
      values: new Map(
        names.flatMap((name, index) => {
          const cell = cells[index];
          return cell === undefined || cell === "" ? [] : [[name, unquoted(cell)] as const];
        }),
      ),
      ...(isOpen
        ? { problem: "has a quotation mark that is not closed" }
        : cells.length > names.length
          ? { problem: "has more cells than the header" }
          : {}),
    })),
    head: head?.text ?? "",
    records: filled.map((record) => record.text),
    ...(problem === undefined ? {} : { problem }),
  };
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
  readonly text: string;
  readonly isOpen: boolean;
}

function csvRecords(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const begin = at;
    const beginLine = line;
    const cells: string[] = [];
    let isOpen = false;
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        let end = text.indexOf('"', at + 1);
        while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
        isOpen = end < 0;
        const stop = isOpen ? text.length : end;
        cell = text.slice(at + 1, stop).replaceAll('""', '"');
        at = Math.min(stop + 1, text.length);
      }
      let stop = at;
      while (stop < text.length && !",\r\n".includes(text[stop] ?? "")) stop += 1;
      cell += text.slice(at, stop);
      at = stop;
      cells.push(cell);
      if (text[at] !== ",") break;
      at += 1;
    }
    const record = text.slice(begin, at);
    records.push({ line: beginLine, cells, text: record, isOpen });
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    line += record.split("\n").length;
  }
  return records;
}

// An export puts an apostrophe before what a spreadsheet would execute.
function unquoted(cell: string): string {
  return /^'[=+\-@\t\r\n]/.test(cell) ? cell.slice(1) : cell;
}

/**
 * Returns the text in parts that the server takes, each at most `most` bytes and 100,000 rows; a
 * part of CSV has the header again.
 */
export function partsOf({ head, records }: PriorRunText, most = 3_000_000): string[] {
  const bytes = new TextEncoder();
  const headSize = bytes.encode(head).length + 1;
  const parts: string[] = [];
  let lines: string[] = [];
  let size = headSize;
  const close = () => {
    if (lines.length > 0) parts.push((head === "" ? lines : [head, ...lines]).join("\n"));
    lines = [];
    size = headSize;
  };
  for (const record of records) {
    const length = bytes.encode(record).length + 1;
    if (size + length > most || lines.length >= 100_000) close();
    lines.push(record);
    size += length;
  }
  close();
  return parts;
}
