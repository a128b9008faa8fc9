import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PROTOCOL } from "../core/protocol.js";
import { type MetricRow, MetricRowSchema } from "../gen/wanllmdb/api/registry/v1/run_pb.js";

/** Values of one step that are not delivered yet. */
export interface Row {
  readonly step: number;
  readonly isSummary: boolean;
  readonly time: Date;
  readonly values: Readonly<Record<string, number>>;
}

/** A name has at most 200 characters of up to 4 bytes, so that this many always fit one request. */
const VALUES_A_PIECE = 1_000;
/** About how many bytes a row without values takes. */
export const BYTES_A_ROW = 32;
const BYTES_A_VALUE = 16;

/** Splits rows into batches that each fit one request; a row that is too large is split, too. */
export function batchesOf(rows: readonly Row[]): Row[][] {
  const batches: Row[][] = [];
  let batch: Row[] = [];
  let values = 0;
  let bytes = 0;
  for (const piece of rows.flatMap(piecesOf)) {
    const more = Object.keys(piece.values).length;
    const larger = sizeOf(piece);
    const isFull =
      values + more > PROTOCOL.reportMaxValues || bytes + larger > PROTOCOL.reportMaxBytes;
    if (batch.length > 0 && isFull) {
      batches.push(batch);
      batch = [];
      values = bytes = 0;
    }
    batch.push(piece);
    values += more;
    bytes += larger;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Returns the messages of rows. */
export function toMetricRows(rows: readonly Row[]): MetricRow[] {
  return rows.map(({ step, isSummary, time, values }) =>
    create(MetricRowSchema, {
      step: BigInt(step),
      values: { ...values },
      time: timestampFromDate(time),
      isSummary,
    }),
  );
}

/** Returns the row if it fits one request, else smaller rows of the same step. */
export function piecesOf(row: Row): Row[] {
  const entries = Object.entries(row.values);
  if (entries.length <= PROTOCOL.reportMaxValues && sizeOf(row) <= PROTOCOL.reportMaxBytes) {
    return [row];
  }
  const pieces: Row[] = [];
  for (let at = 0; at < entries.length; at += VALUES_A_PIECE) {
    pieces.push({ ...row, values: Object.fromEntries(entries.slice(at, at + VALUES_A_PIECE)) });
  }
  return pieces;
}

/** Returns about how many bytes a row takes. */
export function sizeOf({ values }: Row): number {
  let bytes = BYTES_A_ROW;
  for (const name of Object.keys(values)) bytes += bytesOfValue(name);
  return bytes;
}

/** Returns about how many bytes a value of a metric takes. */
export function bytesOfValue(name: string): number {
  return BYTES_A_VALUE + Buffer.byteLength(name);
}
