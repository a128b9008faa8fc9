import { Code } from "@connectrpc/connect";
import { hasCode, isPassing, ServiceError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { aborted, sleep } from "../core/time.js";
import { batchesOf, type Row } from "./batches.js";

/** What a reporter needs. */
export interface ReporterOptions {
  /** Sends rows that fit one request, within a time in seconds. */
  readonly send: (rows: readonly Row[], timeout: number) => Promise<void>;
  /** Takes an error after which the rows will never be accepted. */
  readonly failed: (error: unknown) => void;
}

type Values = Record<string, number>;

/**
 * Sends logged values in the background, one request at a time and in order. During an outage the
 * rows stay, and training goes on.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  #rows = new Map<string, { row: Omit<Row, "values">; values: Values }>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #underWay: readonly Row[] = [];
  #isPausing = false;
  #isClosed = false;
  #lastStep: number;
  /** Whether the registry did not accept rows at the last attempt. */
  isFailing = false;

  /** @param lastStep the highest step that the registry has. */
  constructor(options: ReporterOptions, lastStep = 0) {
    this.#options = options;
    this.#lastStep = lastStep;
  }

  /** Adds values of one step, to be sent soon. */
  add(step: number, values: Readonly<Values>): void {
    this.#lastStep = Math.max(this.#lastStep, step);
    this.#add({ step, isSummary: false, time: new Date() }, values);
    this.#schedule();
  }

  /** Adds values that hold until the next values of their metrics. */
  setSummary(values: Readonly<Values>): void {
    this.#add({ step: this.#lastStep, isSummary: true, time: new Date() }, values);
    this.#schedule();
  }

  /**
   * Sends everything that was added before, and waits until the registry has it.
   *
   * @param timeout the seconds for each request, and for the wait for one under way.
   */
  async flush(timeout: number): Promise<void> {
    const signal = AbortSignal.timeout(timeout * 1000);
    while (this.#rows.size > 0 || this.#sending !== undefined) {
      if (this.#sending !== undefined) {
        const isLate = await Promise.race([this.#sending.then(() => false), aborted(signal)]);
        if (isLate) {
          this.isFailing = true;
          throw new ServiceError("earlier values are still not sent", Code.DeadlineExceeded);
        }
        continue;
      }
      await this.#sendSome(timeout);
    }
  }

  /** Ends the reports; returns the rows that the registry has not confirmed. */
  async close(): Promise<Row[]> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#sending !== undefined) {
      await Promise.race([this.#sending, sleep(PROTOCOL.silenceDeadline)]);
    }
    this.#putBack(this.#underWay);
    return this.#takeAll();
  }

  #add(row: Omit<Row, "values">, values: Readonly<Values>): void {
    if (Object.keys(values).length === 0) return;
    this.#forgetSummary(values);
    const key = `${row.isSummary ? "summary" : ""}${row.step}`;
    const found = this.#rows.get(key);
    if (found === undefined) {
      this.#rows.set(key, { row, values: { ...values } });
      this.#count += Object.keys(values).length;
    } else {
      const before = Object.keys(found.values).length;
      Object.assign(found.values, values);
      this.#count += Object.keys(found.values).length - before;
    }
  }

  /** Drops earlier final values of metrics, since newer values exist. */
  #forgetSummary(values: Readonly<Values>): void {
    for (const [key, { row, values: held }] of this.#rows) {
      if (!row.isSummary) continue;
      for (const name of Object.keys(values)) {
        if (!Object.hasOwn(held, name)) continue;
        delete held[name];
        this.#count -= 1;
      }
      if (Object.keys(held).length === 0) this.#rows.delete(key);
    }
  }

  #schedule(): void {
    const isDue = this.#count >= PROTOCOL.flushValues && !this.#isPausing;
    if (this.#isClosed || (this.#timer !== undefined && !isDue)) return;
    this.#wake(isDue ? 0 : PROTOCOL.flushPause);
  }

  #wake(pause: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#work(), pause * 1000);
  }

  async #work(): Promise<void> {
    this.#isPausing = false;
    this.#timer = undefined;
    try {
      if (this.#sending !== undefined) await this.#sending;
      else if (this.#rows.size > 0) await this.#sendSome(PROTOCOL.runCallDeadline);
      if (this.#rows.size > 0) this.#schedule();
    } catch (error) {
      if (this.#isClosed) return;
      if (!mayPass(error)) {
        this.#options.failed(error);
        return;
      }
      this.#isPausing = true;
      this.#wake(PROTOCOL.reportFailurePause);
    }
  }

  /** Sends the rows of one request. */
  async #sendSome(timeout: number): Promise<void> {
    const [batch = [], ...later] = batchesOf(this.#takeAll());
    // What does not fit goes back, before what comes meanwhile.
    this.#putBack(later.flat());
    this.#underWay = batch;
    const sent = this.#options.send(batch, timeout);
    // Waits for the end alone, whichever it is.
    this.#sending = sent.then(
      () => undefined,
      () => undefined,
    );
    try {
      await sent;
      this.#underWay = [];
      this.isFailing = false;
    } catch (error) {
      // Empty if the reporter was closed meanwhile.
      this.#putBack(this.#underWay);
      if (isPassing(error)) this.isFailing = true;
      throw error;
    } finally {
      this.#sending = undefined;
    }
  }

  #takeAll(): Row[] {
    const rows = [...this.#rows.values()].map(({ row, values }) => ({ ...row, values }));
    this.#rows = new Map();
    this.#count = 0;
    return rows;
  }

  /** Puts rows back before later ones; of equal steps the later values win. */
  #putBack(rows: readonly Row[]): void {
    this.#underWay = [];
    if (rows.length === 0) return;
    const later = this.#takeAll();
    for (const { values, ...row } of [...rows, ...later]) this.#add(row, values);
  }
}

/** Whether rows may be accepted later; a defect of the service may pass, too. */
function mayPass(error: unknown): boolean {
  return isPassing(error) || hasCode(error, Code.Internal);
}
