import type { Core } from "../core/client.js";
import { isLost, isPassing, messageOf } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { growing, sleep } from "../core/time.js";
import type { ShouldStopResponse } from "../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb.js";
import type { Commands } from "./commands.js";
import type { Leased } from "./lease.js";
import type { CheckSchedule } from "./schedule.js";

/** What the checks of one run need. */
export interface ChecksOptions {
  readonly core: Core;
  readonly run: Leased;
  readonly schedule: CheckSchedule;
  /** Delivers all logged values, which the decision depends on, within some seconds. */
  readonly flush: (timeout: number) => Promise<void>;
  readonly commands: Commands;
  readonly warn: (line: string) => void;
}

/**
 * The checks of one run for early termination. Training waits for the answer, so that the run stops
 * at the value that decides it. Without one in time training goes on, and the check is repeated.
 */
export class StopChecks {
  readonly #options: ChecksOptions;
  readonly #closed = new AbortController();
  #isRepeating = false;
  #late: ShouldStopResponse | undefined;

  constructor(options: ChecksOptions) {
    this.#options = options;
    // A run that stops needs no decision, and its code must not wait for one.
    options.commands.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** Counts logged values. */
  observe(step: number, values: Readonly<Record<string, number>>): void {
    this.#options.schedule.observe(step, values);
  }

  /** Asks whether to stop, if a check is due. */
  async askIfDue(): Promise<void> {
    const late = this.#late;
    this.#late = undefined;
    if (late !== undefined) {
      this.#obey(late);
    } else if (this.#options.schedule.isDue && !this.#isRepeating) {
      const isOver = await this.#ask((decision) => this.#obey(decision));
      if (!isOver) void this.#repeat();
    }
  }

  /** Ends the checks, since the run is over or stops. */
  close(): void {
    this.#closed.abort();
  }

  async #repeat(): Promise<void> {
    this.#isRepeating = true;
    for (const pause of growing(PROTOCOL.checkFirstPause, PROTOCOL.checkLongestPause)) {
      if (await sleep(pause, this.#closed.signal)) break;
      // Takes effect at the next value.
      const isOver = await this.#ask((decision) => {
        this.#late = decision;
      });
      if (isOver) break;
    }
    this.#isRepeating = false;
  }

  /** Asks once; returns whether there is an answer, or none will come. */
  async #ask(take: (decision: ShouldStopResponse) => void): Promise<boolean> {
    const { core, run, schedule, flush, commands, warn } = this.#options;
    try {
      await flush(PROTOCOL.checkDeadline);
      const decision = await core.suggestion.shouldStop(
        { sweepId: run.sweepId, number: run.number },
        { signal: this.#closed.signal, timeoutMs: PROTOCOL.checkDeadline * 1000 },
      );
      take(decision);
    } catch (error) {
      if (this.#closed.signal.aborted) return true;
      if (isPassing(error)) return false;
      if (isLost(error)) {
        commands.broken(error);
      } else {
        schedule.postpone(undefined);
        warn(`early termination is off for run ${run.number}: ${messageOf(error)}`);
      }
    }
    return true;
  }

  #obey({ shouldStop, reason, nextCheckIteration: next }: ShouldStopResponse): void {
    this.#options.schedule.postpone(next === undefined ? undefined : Number(next));
    if (shouldStop) this.#options.commands.stop({ kind: "prune", reason });
  }
}
