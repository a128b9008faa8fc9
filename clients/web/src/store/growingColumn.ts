import type { ParameterValue } from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import type { Column, ColumnKind, ColumnScale, JsonCell } from "./runTable";
import { formatParameter } from "./sweeps";

/** One column of a table that grows. */
export class GrowingColumn {
  values: Float64Array;
  readonly #texts: string[] = [];
  readonly #cells: JsonCell[] = [];
  /** The categories of the last snapshot; kept while no category is added. */
  #shown: { categories: readonly string[]; categoryValues: readonly JsonCell[] } = {
    categories: [],
    categoryValues: [],
  };
  readonly #indices = new Map<string, number>();
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  /** Whether a value on the bound was replaced, so that the bounds may be too wide. */
  #isStale = false;

  constructor(
    readonly key: string,
    readonly kind: ColumnKind,
    readonly name: string,
    readonly scale: ColumnScale,
    readonly bounds: { readonly min?: number; readonly max?: number },
    capacity: number,
  ) {
    this.values = new Float64Array(capacity).fill(Number.NaN);
  }

  /** Returns the index of a category, which is appended if it is new. */
  categoryIndex(value: ParameterValue): number {
    // The text "1" and the number 1 are two categories that read the same.
    const identity = `${value.kind.case} ${formatParameter(value)}`;
    const known = this.#indices.get(identity);
    if (known !== undefined) return known;
    const index = this.#texts.push(formatParameter(value)) - 1;
    this.#cells.push(jsonCell(value));
    this.#indices.set(identity, index);
    return index;
  }

  /** Appends a category that no stream sends. */
  addText(text: string): void {
    this.#texts.push(text);
    this.#cells.push(text);
  }

  set(row: number, value: number): void {
    const earlier = this.values[row] ?? Number.NaN;
    if (earlier === this.#min || earlier === this.#max) this.#isStale = true;
    this.values[row] = value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Returns the column as it is now; the values are shared. */
  snapshot(count: number): Column {
    const { key, kind, name, scale, values } = this;
    if (this.#shown.categories.length !== this.#texts.length) {
      this.#shown = { categories: [...this.#texts], categoryValues: [...this.#cells] };
    }
    const shown = { key, kind, name, scale, values, ...this.#shown };
    if (scale === "category") return { ...shown, min: 0, max: this.#texts.length - 1 };
    if (this.#isStale) this.#measure(count);
    // Without a value there is no bound; an axis from 0 to 1 is as good as any.
    const isEmpty = this.#min > this.#max;
    return {
      ...shown,
      min: this.bounds.min ?? (isEmpty ? 0 : this.#min),
      max: this.bounds.max ?? (isEmpty ? 1 : this.#max),
    };
  }

  #measure(count: number): void {
    this.#isStale = false;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < count; row++) {
      const value = this.values[row] ?? Number.NaN;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
    }
  }
}

function jsonCell({ kind }: ParameterValue): JsonCell {
  switch (kind.case) {
    case undefined:
    case "nullValue":
      return null;
    case "intValue": {
      const number = Number(kind.value);
      return Number.isSafeInteger(number) ? number : String(kind.value);
    }
    case "jsonValue":
      return parsedJson(kind.value);
    default:
      return kind.value;
  }
}

function parsedJson(text: string): JsonCell {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
