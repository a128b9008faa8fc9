import { PROTOCOL } from "../core/protocol.js";
import { now } from "../core/time.js";
import { type Environment, flagOf, numberOf } from "../node/env.js";

/** How many failed runs an agent accepts; 0 turns a limit off. */
export interface FailureLimits {
  /** Failed runs in a row within `quickSeconds` after which the agent gives up. */
  readonly maxQuickFailures?: number;
  readonly quickSeconds?: number;
  /** The agent gives up if at least this number of runs failed before any succeeded. */
  readonly maxInitialFailures?: number;
  /** Whether failed runs never end the agent. */
  readonly neverGiveUp?: boolean;
}

/** Counts the failed runs of an agent. */
export class FailureCounter {
  readonly #maxQuick: number;
  readonly #quickSeconds: number;
  readonly #maxInitial: number;
  #latest: number[] = [];
  #initial = 0;
  #hasSucceeded = false;

  /**
   * Takes the given limits, else those of the environment, else the defaults.
   *
   * @throws InvalidArgumentError if one is no number or below 0.
   */
  constructor(env: Environment, limits: FailureLimits) {
    const number = (
      given: number | undefined,
      variable: string,
      what: string,
      byDefault: number,
    ): number => numberOf(env, variable, given, `the option ${what}`) ?? byDefault;
    const never = limits.neverGiveUp ?? flagOf(env, "WANLLMDB_AGENT_NEVER_GIVE_UP");
    const quick = number(
      limits.maxQuickFailures,
      "WANLLMDB_AGENT_MAX_QUICK_FAILURES",
      "maxQuickFailures",
      PROTOCOL.maxQuickFailures,
    );
    const initial = number(
      limits.maxInitialFailures,
      "WANLLMDB_AGENT_MAX_INITIAL_FAILURES",
      "maxInitialFailures",
      PROTOCOL.maxInitialFailures,
    );
    this.#quickSeconds = number(
      limits.quickSeconds,
      "WANLLMDB_AGENT_QUICK_SECONDS",
      "quickSeconds",
      PROTOCOL.quickSeconds,
    );
    this.#maxQuick = never ? 0 : Math.trunc(quick);
    this.#maxInitial = never ? 0 : Math.trunc(initial);
  }

  /** Counts a run that did not fail. */
  succeeded(): void {
    this.#hasSucceeded = true;
    this.#latest = [];
  }

  /** Counts a failed run; returns why the agent must give up, or undefined. */
  failed(): string | undefined {
    if (this.#maxQuick > 0) {
      this.#latest = [...this.#latest, now()].slice(-this.#maxQuick);
      const took = now() - (this.#latest[0] ?? 0);
      if (this.#latest.length === this.#maxQuick && took <= this.#quickSeconds) {
        return `${this.#maxQuick} runs in a row failed within ${this.#quickSeconds} s`;
      }
    }
    if (!this.#hasSucceeded) {
      this.#initial += 1;
      if (this.#initial === this.#maxInitial) return `the first ${this.#initial} runs all failed`;
    }
    return undefined;
  }
}
