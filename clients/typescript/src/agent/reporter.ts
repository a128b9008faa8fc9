import { Code } from "@connectrpc/connect";
import { hasCode, isPassing, ServiceError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { sleep } from "../core/time.js";
import type { Row } from "./batches.js";
import { HeldRows } from "./held.js";

/**
 * How much the rows of a run may take that wait for the registry. The oldest rows beyond it are left
 * out: training goes on, however long an outage lasts.
 */
const MOST_BYTES = 16 * 1024 * 1024;

/** What a reporter needs. */
export interface ReporterOptions {
  /** Sends rows that fit one request, within a time in seconds, unless the signal aborts. */
  readonly send: (rows: readonly Row[], timeout: number, signal: AbortSignal) => Promise<void>;
  /** Takes an error after which the rows will never be accepted. */
  readonly failed: (error: unknown) => void;
  /** Called when the oldest rows are left out. */
  readonly leftOut: () => void;
  /** The highest step that the registry has; 0 if absent. */
  readonly lastStep?: number;
  /** The most bytes that the rows may take. */
  readonly mostBytes?: number;
}

type Values = Readonly<Record<string, number>>;

/**
 * Sends logged values in the background, one request at a time and in order. During an outage the
 * rows stay, and training goes on.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #mostBytes: number;
  readonly #held = new HeldRows();
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isPausing = false;
  #isClosed = false;
  #lastStep: number;
  /** Whether the registry did not accept rows at the last attempt. */
  isFailing = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#lastStep = options.lastStep ?? 0;
    this.#mostBytes = options.mostBytes ?? MOST_BYTES;
  }

  /** Adds values of one step, to be sent soon. */
  add(step: number, values: Values): void {
    this.#lastStep = Math.max(this.#lastStep, step);
    this.#add(step, false, values);
  }

  /** Adds values that hold until the next values of their metrics. */
  setSummary(values: Values): void {
    this.#add(this.#lastStep, true, values);
  }

  /**
   * Sends everything that was added before, and waits until the registry has it.
   *
   * @param timeout the seconds for each request, and for the wait for one under way.
   * @param stop ends the wait.
   */
  async flush(timeout: number, stop?: AbortSignal): Promise<void> {
    const ends = stop === undefined ? [this.#closed.signal] : [this.#closed.signal, stop];
    while (this.#held.size > 0 || this.#sending !== undefined) {
      if (this.#sending === undefined) {
        await this.#sendSome(timeout);
      } else if (!(await endsWithin(this.#sending, timeout, ends))) {
        this.isFailing ||= !stop?.aborted;
        throw new ServiceError("earlier values are still not sent", Code.DeadlineExceeded);
      }
    }
  }

  /** Ends the reports; returns the rows that the registry has not confirmed. */
  async close(): Promise<Row[]> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#sending !== undefined) {
      await endsWithin(this.#sending, PROTOCOL.silenceDeadline, []);
    }
    // A request under way ends now, and its rows come back: the end is the last request.
    this.#closed.abort();
    await this.#sending;
    return this.#held.takeAll();
  }

  #add(step: number, isSummary: boolean, values: Values): void {
    if (Object.keys(values).length === 0) return;
    this.#held.add(step, isSummary, values);
    if (this.#held.leaveOut(this.#mostBytes) > 0) this.#options.leftOut();
    this.#schedule();
  }

  #schedule(): void {
    const isDue = this.#held.values >= PROTOCOL.flushValues && !this.#isPausing;
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
      else if (this.#held.size > 0) await this.#sendSome(PROTOCOL.runCallDeadline);
      if (this.#held.size > 0 && this.isFailing) this.#pause();
      else if (this.#held.size > 0) this.#schedule();
    } catch (error) {
      if (this.#isClosed) return;
      if (mayPass(error)) this.#pause();
      else this.#options.failed(error);
    }
  }

  /** Waits before the next attempt, also while there are many values. */
  #pause(): void {
    if (this.#isClosed) return;
    this.#isPausing = true;
    this.#wake(PROTOCOL.reportFailurePause);
  }

  /** Sends the rows of one request. */
  async #sendSome(timeout: number): Promise<void> {
    const rows = this.#held.take();
    const sent = this.#options.send(rows, timeout, this.#closed.signal).then(
      () => {
        this.isFailing = false;
      },
      (error: unknown) => {
        this.#held.putBack(rows);
        this.isFailing = mayPass(error);
        throw error;
      },
    );
    // Waits for the end alone, whichever it is.
    const ended = sent.then(
      () => undefined,
      () => undefined,
    );
    this.#sending = ended.finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
    await sent;
  }
}

/** Returns whether a promise is settled before the time is over, or one of the signals aborts. */
async function endsWithin(
  promise: Promise<void>,
  seconds: number,
  signals: readonly AbortSignal[],
): Promise<boolean> {
  const over = new AbortController();
  const end = (): void => over.abort();
  for (const each of signals) {
    if (each.aborted) end();
    each.addEventListener("abort", end);
  }
  try {
    const isLate = sleep(seconds, over.signal).then(() => false);
    return await Promise.race([promise.then(() => true), isLate]);
  } finally {
    // The timer would keep the process from its end.
    end();
    for (const each of signals) each.removeEventListener("abort", end);
  }
}

/** Whether rows may be accepted later; a defect of the service may pass, too. */
function mayPass(error: unknown): boolean {
  return isPassing(error) || hasCode(error, Code.Internal);
}
