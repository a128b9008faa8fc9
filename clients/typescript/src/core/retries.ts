import { Code } from "@connectrpc/connect";
import { ServiceError } from "./errors.js";
import { PROTOCOL } from "./protocol.js";
import { between } from "./time.js";

interface Policy {
  readonly attempts: number;
  readonly firstPause: number;
  readonly longestPause: number;
}

const ANY_CALL: Policy = {
  attempts: PROTOCOL.transportAttempts,
  firstPause: PROTOCOL.transportFirstPause,
  longestPause: PROTOCOL.transportLongestPause,
};
/** Training waits for the answer. */
const SHOULD_STOP: Policy = {
  attempts: PROTOCOL.shouldStopAttempts,
  firstPause: PROTOCOL.shouldStopPause,
  longestPause: PROTOCOL.shouldStopPause,
};
/** The jitter of gRPC libraries. */
const JITTER = [0.8, 1.2] as const;

/** Counts the repetitions of one request, and tells how long to pause before the next one. */
export class Repetitions {
  readonly #policy: Policy;
  readonly #hasOtherKey: () => boolean;
  #attempts = 1;
  #resends = 0;

  /**
   * @param rpc the name of the RPC.
   * @param hasOtherKey reads the file of the key again, and returns whether it has another one.
   */
  constructor(rpc: string, hasOtherKey: () => boolean) {
    this.#policy = rpc === "ShouldStop" ? SHOULD_STOP : ANY_CALL;
    this.#hasOtherKey = hasOtherKey;
  }

  /** Returns the seconds before the request is sent again; undefined for never. */
  pauseAfter(error: ServiceError): number | undefined {
    if (error.code === Code.Unavailable) {
      if (this.#attempts >= this.#policy.attempts) return undefined;
      const { firstPause, longestPause } = this.#policy;
      const grown = firstPause * PROTOCOL.transportFactor ** (this.#attempts - 1);
      this.#attempts += 1;
      return Math.min(grown, longestPause) * between(JITTER);
    }
    if (this.#resends >= PROTOCOL.maxResends) return undefined;
    const pause =
      error.code === Code.Unauthenticated
        ? this.#hasOtherKey()
          ? 0
          : undefined
        : retryAfter(error);
    if (pause !== undefined) {
      this.#resends += 1;
      this.#attempts = 1;
    }
    return pause;
  }
}

/** Returns the seconds after which an overloaded service accepts the request again. */
export function retryAfter(error: unknown): number | undefined {
  if (!(error instanceof ServiceError) || error.code !== Code.ResourceExhausted) return undefined;
  const { retryAfter: delay } = error;
  if (delay === undefined) return undefined;
  return Math.min(delay, PROTOCOL.longestRetryAfter) * between(PROTOCOL.retryAfterJitter);
}
