import { isLost, messageOf, RunStoppedError } from "../core/errors.js";
import { RunCommand } from "../gen/wanllmdb/api/registry/v1/run_pb.js";

/** An order to stop a run, and what becomes of it. */
export interface StopOrder {
  /** `lost`: the run is another agent's; `giveBack`: any agent may have it. */
  readonly kind: "prune" | "cancel" | "lost" | "giveBack";
  readonly reason: string;
}

/** Collects the commands and errors that stop a run. */
export class Commands {
  readonly #controller = new AbortController();
  #order: StopOrder | undefined;
  #error: unknown;

  /** The first order to stop, or a later one that says that the run was lost. */
  get order(): StopOrder | undefined {
    return this.#order;
  }

  /** The error that keeps the run's values from being reported. */
  get error(): unknown {
    return this.#error;
  }

  /** Aborts at the first order; its reason is a RunStoppedError. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Obeys the command in an answer; unknown ones mean that the run goes on. */
  obey(command: RunCommand): void {
    if (command === RunCommand.STOP) this.stop({ kind: "cancel", reason: "it was canceled" });
    if (command === RunCommand.ABANDON) {
      this.stop({ kind: "lost", reason: "its lease is no longer this agent's" });
    }
  }

  /** Orders the run to stop. */
  stop(order: StopOrder): void {
    if (this.#order === undefined || order.kind === "lost") this.#order = order;
    this.#controller.abort(new RunStoppedError(`the run stops: ${order.reason}`));
  }

  /** Takes an error after which waiting is useless. */
  broken(error: unknown): void {
    if (isLost(error)) this.lost(messageOf(error));
    else this.#error ??= error;
  }

  /** Stops the run, since it is no longer this agent's. */
  lost(reason: string): void {
    this.stop({ kind: "lost", reason });
  }

  /** Throws if the run must not go on. */
  throwIfStopped(): void {
    if (this.#order !== undefined) {
      throw new RunStoppedError(`the run stops: ${this.#order.reason}`);
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
