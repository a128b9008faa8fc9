import { isPassing, messageOf } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { growing, now, sleep } from "../core/time.js";

const SAY_EVERY = 60;

/** Repeats calls while the services are unavailable. A call must have its own request id. */
export class Waiter {
  readonly #patience: number;
  readonly #say: (line: string) => void;
  readonly #stop: AbortSignal | undefined;

  /**
   * @param patience the longest wait in seconds.
   * @param say prints a line for people.
   * @param stop ends waits early.
   */
  constructor(patience: number, say: (line: string) => void, stop?: AbortSignal) {
    this.#patience = patience;
    this.#say = say;
    this.#stop = stop;
  }

  /**
   * Returns what a call returns, once it succeeds.
   *
   * @throws the first error after which waiting is useless, or the last one when the patience is over.
   */
  async retry<T>(call: () => Promise<T>): Promise<T> {
    const began = now();
    let saidAt: number | undefined;
    for (const pause of growing(PROTOCOL.outageFirstPause, PROTOCOL.outageLongestPause)) {
      try {
        const answer = await call();
        if (saidAt !== undefined) this.#say(`the services are back after ${elapsed(began)}`);
        return answer;
      } catch (error) {
        if (!isPassing(error) || now() - began > this.#patience) throw error;
        if (saidAt === undefined || now() - saidAt >= SAY_EVERY) {
          saidAt = now();
          this.#say(`waiting up to ${this.#patience} s for the services: ${messageOf(error)}`);
        }
        if (await sleep(pause, this.#stop)) throw error;
      }
    }
    throw new Error("unreachable: pauses never end");
  }
}

function elapsed(began: number): string {
  return `${Math.round(now() - began)} s`;
}
