import { AxisScale } from "../gen/wanllmdb/api/registry/v1/plots_pb";
import {
  type RunColumn,
  type RunColumnKey,
  type RunColumnsChunk,
  type RunColumnsSchema,
  RunField,
} from "../gen/wanllmdb/api/registry/v1/run_columns_pb";
import { GrowingColumn } from "./growingColumn";
import type { ColumnKind, ColumnScale, RunTable } from "./runTable";

const ORIGIN_KEY = "field:origin";
/** Who chose a run's parameters: the values of RunOrigin, from 1 on. */
const ORIGINS = ["the sampler", "a user"];

const SCALES: Partial<Record<AxisScale, ColumnScale>> = {
  [AxisScale.LOG]: "log",
  [AxisScale.CATEGORY]: "category",
};

/** Where the values of a stream go: its columns, and its categories in terms of the table's. */
export interface StreamColumns {
  /** For each column of the stream, the table's index of each of its categories. */
  readonly categories: number[][];
}

/**
 * A table of runs that grows with the chunks of ReadRunColumns and WatchSweep.
 *
 * Rows are changed in place; a snapshot shares their arrays, so it is as current as the table.
 */
export class RunColumns {
  #count = 0;
  #version = 0;
  #expected = 0;
  #numbers = new Int32Array(0);
  #states = new Uint8Array(0);
  #columns: GrowingColumn[] = [];

  /** Begins with the columns of a read. */
  constructor(schema: RunColumnsSchema) {
    this.#expected = Number(schema.runCount);
    const capacity = this.#expected;
    this.#numbers = new Int32Array(capacity);
    this.#states = new Uint8Array(capacity);
    this.#columns = schema.columns.map((column) => newColumn(column, capacity));
  }

  /**
   * Returns where a stream's values go; undefined if its columns are not those of the table, for
   * example because a parameter became another kind of number.
   */
  streamOf(schema: RunColumnsSchema): StreamColumns | undefined {
    if (schema.columns.length !== this.#columns.length) return undefined;
    const isSame = this.#columns.every((column, index) => {
      const other = schema.columns[index];
      return (
        other !== undefined &&
        keyOf(other.key) === column.key &&
        scaleOf(other) === column.scale &&
        other.min === column.bounds.min &&
        other.max === column.bounds.max
      );
    });
    if (!isSame) return undefined;
    return {
      categories: this.#columns.map((column, index) =>
        (schema.columns[index]?.categories ?? []).map((value) => column.categoryIndex(value)),
      ),
    };
  }

  /** Takes over a chunk: rows of known runs are replaced, others are put in by their number. */
  apply(chunk: RunColumnsChunk, stream: StreamColumns): void {
    const rows = this.#rowsFor(Int32Array.from(chunk.runNumbers, Number));
    chunk.states.forEach((state, index) => {
      this.#states[rows[index] ?? 0] = state;
    });
    this.#columns.forEach((column, place) => {
      const sent = chunk.columns[place];
      const indices = stream.categories[place];
      if (sent === undefined || indices === undefined) return;
      for (const value of sent.newCategories) indices.push(column.categoryIndex(value));
      const isOrigin = column.key === ORIGIN_KEY;
      const isCategory = column.scale === "category" && !isOrigin;
      rows.forEach((row, index) => {
        const number = sent.numbers[index] ?? Number.NaN;
        const value = isCategory
          ? indices[(sent.categories[index] ?? 0) - 1]
          : isOrigin
            ? number - 1
            : number;
        column.set(row, value ?? Number.NaN);
      });
    });
    this.#version += 1;
    this.#expected = Math.max(this.#expected, this.#count);
  }

  /** Says that the read is complete. */
  complete(): void {
    this.#expected = this.#count;
    this.#version += 1;
  }

  /** Returns the table as of a revision. */
  snapshot(revision: bigint): RunTable {
    return {
      count: this.#count,
      numbers: this.#numbers,
      states: this.#states,
      columns: this.#columns.map((column) => column.snapshot(this.#count)),
      version: this.#version,
      revision,
      expected: this.#expected,
    };
  }

  /** Returns the row of each number, with new rows for new numbers. */
  #rowsFor(numbers: Int32Array): Int32Array {
    const added = numbers.filter((number) => this.#find(number) < 0).sort();
    const fresh = added.filter((number, index) => index === 0 || number !== added[index - 1]);
    if (fresh.length > 0) this.#insert(fresh);
    return numbers.map((number) => this.#find(number));
  }

  /** Makes room for ascending numbers. Almost always they follow the last row. */
  #insert(fresh: Int32Array): void {
    const count = this.#count + fresh.length;
    if (count > this.#numbers.length) this.#grow(Math.max(count, this.#numbers.length * 2, 64));
    let from = this.#count - 1;
    let next = fresh.length - 1;
    for (let to = count - 1; next >= 0; to--) {
      const moved = from >= 0 ? (this.#numbers[from] ?? -1) : -1;
      const number = fresh[next] ?? -1;
      if (moved > number) {
        this.#move(from, to);
        from -= 1;
      } else {
        this.#numbers[to] = number;
        this.#states[to] = 0;
        for (const column of this.#columns) column.values[to] = Number.NaN;
        next -= 1;
      }
    }
    this.#count = count;
  }

  #move(from: number, to: number): void {
    this.#numbers[to] = this.#numbers[from] ?? 0;
    this.#states[to] = this.#states[from] ?? 0;
    for (const { values } of this.#columns) values[to] = values[from] ?? Number.NaN;
  }

  #grow(capacity: number): void {
    const numbers = new Int32Array(capacity);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const states = new Uint8Array(capacity);
    states.set(this.#states);
    this.#states = states;
    for (const column of this.#columns) {
      const values = new Float64Array(capacity).fill(Number.NaN);
      values.set(column.values);
      column.values = values;
    }
  }

  #find(number: number): number {
    return rowOf(this.#numbers, this.#count, number);
  }
}

/** Returns the row of a run's number in ascending numbers; -1 if there is none. */
export function rowOf(numbers: Int32Array, count: number, number: number): number {
  // A sweep's numbers have no gaps, so a complete table has each at its own place.
  if (number < count && numbers[number] === number) return number;
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = numbers[middle] ?? 0;
    if (found === number) return middle;
    if (found < number) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function newColumn(column: RunColumn, capacity: number): GrowingColumn {
  const { kind, name } = partsOf(column.key);
  const { min, max } = column;
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  const key = keyOf(column.key);
  const grown = new GrowingColumn(key, kind, name, scaleOf(column), bounds, capacity);
  if (key === ORIGIN_KEY) for (const origin of ORIGINS) grown.addText(origin);
  return grown;
}

function scaleOf({ key, scale }: RunColumn): ColumnScale {
  // It comes as a number, but is a choice.
  if (keyOf(key) === ORIGIN_KEY) return "category";
  return SCALES[scale] ?? "linear";
}

/** Returns a column's key in a table. */
export function keyOf(key: RunColumnKey | undefined): string {
  const { kind, name } = partsOf(key);
  return `${kind}:${name}`;
}

function partsOf(key: RunColumnKey | undefined): { kind: ColumnKind; name: string } {
  const named = key?.key;
  if (named === undefined || named.case === undefined) throw new Error("a column has no key");
  if (named.case !== "field") return { kind: named.case, name: named.value };
  return { kind: "field", name: (RunField[named.value] ?? String(named.value)).toLowerCase() };
}
