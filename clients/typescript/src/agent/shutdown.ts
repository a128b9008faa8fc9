import { PROTOCOL } from "../core/protocol.js";

/** What ends an agent early: signals of the process, and the program's own AbortSignal. */
export class Shutdown {
  readonly #draining = new AbortController();
  readonly #givingBack = new AbortController();
  readonly #say: (line: string) => void;
  #interrupts = 0;
  #endedBy: string | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Aborts when no further run is taken. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Aborts when the runs in progress are given back. */
  get givingBack(): AbortSignal {
    return this.#givingBack.signal;
  }

  /** What ended the agent; undefined if nothing did. */
  get endedBy(): string | undefined {
    return this.#endedBy;
  }

  /** Takes no further run; the runs in progress end. */
  drain(why: string): void {
    this.#endedBy ??= why;
    this.#draining.abort();
  }

  /** Gives the runs in progress back. */
  giveBack(why: string): void {
    this.#endedBy = why;
    this.#draining.abort();
    this.#givingBack.abort();
  }

  /**
   * Listens to the signals of the process and of the program; returns a function that restores what
   * was before.
   */
  listen(signal: AbortSignal | undefined, handlesSignals: boolean): () => void {
    const terminate = (): void => this.giveBack("SIGTERM");
    const abort = (): void => this.giveBack("the program's signal");
    const restore = (): void => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
      signal?.removeEventListener("abort", abort);
    };
    const interrupt = (): void => {
      if (this.#interrupt()) return;
      restore();
      process.kill(process.pid, "SIGINT");
    };
    if (handlesSignals) {
      process.on("SIGINT", interrupt);
      process.on("SIGTERM", terminate);
    }
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    return restore;
  }

  /** Obeys one SIGINT; returns false if the process is to end at once. */
  #interrupt(): boolean {
    this.#interrupts += 1;
    if (this.#interrupts > PROTOCOL.interruptsToGiveBack) return false;
    if (this.#interrupts === PROTOCOL.interruptsToGiveBack) {
      this.giveBack("SIGINT");
    } else {
      this.#say("interrupted: the run in progress ends first; interrupt again to give it back");
      this.drain("SIGINT");
    }
    return true;
  }
}
