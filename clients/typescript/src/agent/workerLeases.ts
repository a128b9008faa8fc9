import { Worker } from "node:worker_threads";
import { messageOf } from "../core/errors.js";
import type { ClientOptions } from "../node/settings.js";
import type { Leased, Leases, Orders } from "./lease.js";
import type { LeaseAnswer, LeaseRequest } from "./leaseMessages.js";

interface Held {
  readonly lease: Leased;
  readonly leaseSeconds: number;
  readonly orders: Orders;
  /** Stops the renewal from this thread, after the other one has failed. */
  stop?: () => void;
}

/** Renews leases from a thread of their own, so that code which computes does not lose its run. */
export class WorkerLeases implements Leases {
  readonly #worker: Worker;
  readonly #held = new Map<number, Held>();
  readonly #substitute: Leases;
  #next = 0;
  #hasFailed = false;

  /**
   * @param options those of the client.
   * @param substitute renews the leases if the thread can't.
   * @param say prints a line for people.
   */
  constructor(options: ClientOptions, substitute: Leases, say: (line: string) => void) {
    this.#substitute = substitute;
    this.#worker = new Worker(new URL("./leaseWorker.js", import.meta.url), {
      workerData: options,
    });
    this.#worker.unref();
    this.#worker.on("message", (answer: LeaseAnswer) => this.#take(answer));
    this.#worker.on("error", (error) => {
      say(
        `heartbeats are sent by the thread of the runs, since their own failed: ${messageOf(error)}`,
      );
      this.#hasFailed = true;
      for (const held of this.#held.values()) this.#substituteFor(held);
    });
  }

  keep(lease: Leased, leaseSeconds: number, orders: Orders): () => void {
    const id = this.#next++;
    const held: Held = { lease, leaseSeconds, orders };
    this.#held.set(id, held);
    if (this.#hasFailed) this.#substituteFor(held);
    else this.#send({ id, lease, leaseSeconds });
    // A process with a run in progress does not end.
    this.#worker.ref();
    return () => {
      held.stop?.();
      this.#held.delete(id);
      this.#send({ id });
      if (this.#held.size === 0) this.#worker.unref();
    };
  }

  close(): void {
    void this.#worker.terminate();
  }

  #send(request: LeaseRequest): void {
    this.#worker.postMessage(request);
  }

  #substituteFor(held: Held): void {
    held.stop = this.#substitute.keep(held.lease, held.leaseSeconds, held.orders);
  }

  #take(answer: LeaseAnswer): void {
    const orders = this.#held.get(answer.id)?.orders;
    if (answer.command !== undefined) orders?.obey(answer.command);
    else orders?.lost(answer.reason);
  }
}
