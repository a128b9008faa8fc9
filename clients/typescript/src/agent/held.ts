import { PROTOCOL } from "../core/protocol.js";
import { BYTES_A_ROW, bytesOfValue, piecesOf, type Row, sizeOf } from "./batches.js";

/** A row to which later values of its step are added. */
interface OpenRow extends Row {
  readonly values: Record<string, number>;
}

/** The rows of one run that wait for the registry, in their order. */
export class HeldRows {
  #rows: OpenRow[] = [];
  /** The rows before this one are gone. */
  #first = 0;
  readonly #byKey = new Map<string, OpenRow>();
  #values = 0;
  #bytes = 0;
  #summaries = 0;
  #endsInSummary = false;

  get size(): number {
    return this.#rows.length - this.#first;
  }

  /** How many values the rows have. */
  get values(): number {
    return this.#values;
  }

  /** About how many bytes the rows take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds values of one step; later values of a name replace earlier ones. */
  add(step: number, isSummary: boolean, values: Readonly<Record<string, number>>): void {
    if (isSummary !== this.#endsInSummary) {
      // Of a final value and a logged one the later counts, so they keep their order.
      this.#byKey.clear();
      this.#endsInSummary = isSummary;
    }
    let row = this.#byKey.get(keyOf({ step, isSummary }));
    if (row === undefined) {
      row = { step, isSummary, time: new Date(), values: {} };
      this.#rows.push(row);
      this.#remember(row);
      this.#bytes += BYTES_A_ROW;
      if (isSummary) this.#summaries += 1;
    }
    for (const [name, value] of Object.entries(values)) {
      if (!Object.hasOwn(row.values, name)) {
        this.#values += 1;
        this.#bytes += bytesOfValue(name);
      }
      row.values[name] = value;
    }
  }

  /** Drops the oldest rows beyond a number of bytes; returns how many these were. */
  leaveOut(mostBytes: number): number {
    let dropped = 0;
    while (this.#bytes > mostBytes && this.size > 1) {
      this.#shift();
      dropped += 1;
    }
    return dropped;
  }

  /** Takes the oldest rows that fit one request. */
  take(): Row[] {
    const taken: Row[] = [];
    let values = 0;
    let bytes = 0;
    while (this.size > 0) {
      const row = this.#rows[this.#first];
      if (row === undefined) break;
      const pieces = piecesOf(row);
      if (pieces.length > 1) {
        this.#replaceFirst(row, pieces);
        continue;
      }
      const more = Object.keys(row.values).length;
      const larger = sizeOf(row);
      const isFull =
        values + more > PROTOCOL.reportMaxValues || bytes + larger > PROTOCOL.reportMaxBytes;
      if (taken.length > 0 && isFull) break;
      values += more;
      bytes += larger;
      taken.push(row);
      this.#shift();
    }
    return taken;
  }

  /** Takes all rows. */
  takeAll(): Row[] {
    const rows = this.#rows.slice(this.#first);
    this.#rows = [];
    this.#first = this.#values = this.#bytes = this.#summaries = 0;
    this.#byKey.clear();
    return rows;
  }

  /** Puts rows before the later ones; of one step, later values win. */
  putBack(earlier: readonly Row[]): void {
    // Among final values rows keep their places, since the later one counts.
    const isPlain = this.#summaries === 0 && !earlier.some(({ isSummary }) => isSummary);
    const rows: OpenRow[] = earlier.map((row) => ({ ...row, values: { ...row.values } }));
    const replaced = new Set<OpenRow>();
    const seen = new Set<string>();
    for (const row of rows.toReversed()) {
      const key = keyOf(row);
      const later = this.#byKey.get(key);
      if (isPlain && !seen.has(key)) {
        if (later !== undefined) {
          this.#count(later, -1);
          replaced.add(later);
          Object.assign(row.values, later.values);
        }
        this.#remember(row);
      }
      seen.add(key);
      this.#count(row, 1);
    }
    const later = this.#rows.slice(this.#first).filter((row) => !replaced.has(row));
    this.#rows = [...rows, ...later];
    this.#first = 0;
  }

  /** A row that is too large becomes rows of its own, of which the last one takes more values. */
  #replaceFirst(row: OpenRow, pieces: readonly Row[]): void {
    const parts = pieces.map((piece) => ({ ...piece, values: { ...piece.values } }));
    this.#count(row, -1);
    for (const part of parts) this.#count(part, 1);
    this.#rows.splice(this.#first, 1, ...parts);
    const last = parts.at(-1);
    if (last !== undefined && this.#byKey.get(keyOf(row)) === row) this.#remember(last);
  }

  #shift(): void {
    const row = this.#rows[this.#first];
    if (row === undefined) return;
    this.#first += 1;
    this.#count(row, -1);
    const key = keyOf(row);
    if (this.#byKey.get(key) === row) this.#byKey.delete(key);
    if (this.#first > 1_000 && 2 * this.#first > this.#rows.length) {
      // Moving the others at each row would take longer, the more there are.
      this.#rows = this.#rows.slice(this.#first);
      this.#first = 0;
    }
  }

  #remember(row: OpenRow): void {
    this.#byKey.set(keyOf(row), row);
  }

  #count(row: Row, sign: 1 | -1): void {
    this.#values += sign * Object.keys(row.values).length;
    this.#bytes += sign * sizeOf(row);
    if (row.isSummary) this.#summaries += sign;
  }
}

function keyOf({ step, isSummary }: Pick<Row, "step" | "isSummary">): string {
  return `${isSummary ? "summary" : ""}${step}`;
}
