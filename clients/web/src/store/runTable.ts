/**
 * The runs of a sweep as columns. The table is filled by ReadRunColumns and kept current by
 * WatchSweep with the same columns; a new version is a new object, whose arrays may be shared with
 * the earlier one. Nothing here knows React.
 */

/** What a column has. */
export type ColumnKind = "parameter" | "objective" | "summary" | "label" | "field";

/** The key of the runs' numbers, which every table has. */
export const NUMBER_KEY = "number";
/** The key of the runs' states, which every table has. */
export const STATE_KEY = "state";

/** The key of the runs' names. Each may be a category of its own, so they are read on request. */
export const NAME_KEY = "field:name";

/** Whether a column is read on request: not every page needs it, or only a user can name it. */
export function isOnRequest(key: string): boolean {
  return key === NAME_KEY || /^(?:summary|label):./s.test(key);
}

/** How an axis shows a column. */
export type ColumnScale = "linear" | "log" | "category";

/** A value of a cell in a file. */
export type JsonCell = string | number | boolean | null | object;

/** One column: an entry for each row. */
export interface Column {
  /** Unique in the table and usable in a URL: the kind, a colon and the name. */
  readonly key: string;
  readonly kind: ColumnKind;
  /** The parameter's, metric's or label's name, or the field's name in lower case. */
  readonly name: string;
  readonly scale: ColumnScale;
  /** Numbers, or indices into `categories`; NaN where the run has no value. */
  readonly values: Float64Array;
  /** For a category column: the texts of the categories, in their order. */
  readonly categories: readonly string[];
  /** The categories as JSON has them, if they are not texts; for files. */
  readonly categoryValues?: readonly JsonCell[];
  /** The axis' bounds: those of the distribution, or else those of the values. */
  readonly min: number;
  readonly max: number;
}

/** The runs, by ascending number. */
export interface RunTable {
  readonly count: number;
  /** The runs' numbers; the arrays may be longer than `count`. */
  readonly numbers: Int32Array;
  /** The numbers of RunState. */
  readonly states: Uint8Array;
  readonly columns: readonly Column[];
  /** Rises with every change. */
  readonly version: number;
  /** The sweep's revision up to which the table is complete. */
  readonly revision: bigint;
  /** Rows that ReadRunColumns announced; more than `count` while it loads. */
  readonly expected: number;
}

/** A condition on a column: a range of values, a set of categories, or a part of a text. */
export interface ColumnCondition {
  /** The column's key, or NUMBER_KEY for the runs' numbers. */
  readonly key: string;
  readonly min?: number;
  readonly max?: number;
  /** Indices of categories that are kept. */
  readonly categories?: readonly number[];
  /** Texts that are kept too, but that are no category of the column. */
  readonly unknown?: readonly string[];
  /** Only texts that contain this one, in upper or lower case, are kept. */
  readonly contains?: string;
  /** Whether runs without a value are kept. */
  readonly missing?: boolean;
}

/** The one filter of a sweep's pages: every table and chart obeys it. */
export interface RunFilter {
  /** Numbers of RunState; all states if empty. */
  readonly states: readonly number[];
  readonly conditions: readonly ColumnCondition[];
  /** Keep only this share of the runs with the best objective, 0 to 1; all if absent. */
  readonly top?: number;
}

/** The order of a table: a column's key, or one of the two that every table has. */
export interface RunOrder {
  readonly key: string;
  readonly isDescending: boolean;
}

export const NEWEST_FIRST: RunOrder = { key: NUMBER_KEY, isDescending: true };
