import type { Duration } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { Core } from "../core/client.js";
import { hasCode } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { sleep } from "../core/time.js";
import type { Commands } from "./commands.js";

/** The run that a lease is for. */
export interface Leased {
  readonly sweepId: string;
  readonly number: bigint;
  readonly attempt: number;
}

/** Returns the seconds between two heartbeats of a lease of this length in seconds. */
export function heartbeatPause(leaseSeconds: number): number {
  const { heartbeatsALease, heartbeatShortestPause, heartbeatLongestPause } = PROTOCOL;
  const pause = leaseSeconds / heartbeatsALease;
  return Math.min(Math.max(pause, heartbeatShortestPause), heartbeatLongestPause);
}

/** Returns a duration in seconds. */
export function secondsOf({ seconds, nanos }: Duration): number {
  return Number(seconds) + nanos / 1_000_000_000;
}

/** Takes what the answers to heartbeats say. */
export type Orders = Pick<Commands, "obey" | "lost">;

/** Renews leases, whatever else goes on. */
export interface Leases {
  /** Renews a lease of this length in seconds; returns a function that stops that. */
  keep(lease: Leased, leaseSeconds: number, orders: Orders): () => void;
  /** Ends everything. */
  close(): void;
}

/** Renews leases from this thread: code that computes without waiting keeps it from that. */
export class LocalLeases implements Leases {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  keep(lease: Leased, leaseSeconds: number, orders: Orders): () => void {
    const closed = new AbortController();
    void this.#work(lease, heartbeatPause(leaseSeconds), orders, closed.signal);
    return () => closed.abort();
  }

  close(): void {}

  async #work(lease: Leased, first: number, orders: Orders, closed: AbortSignal): Promise<void> {
    let interval = first;
    let pause = first;
    while (!(await sleep(pause, closed))) {
      pause = interval;
      try {
        const { statuses, leaseDuration } = await this.#core.registry.heartbeat(
          { leases: [lease] },
          { signal: closed, timeoutMs: PROTOCOL.heartbeatDeadline * 1000 },
        );
        if (leaseDuration !== undefined) {
          pause = interval = heartbeatPause(secondsOf(leaseDuration));
        }
        for (const { command } of statuses) orders.obey(command);
      } catch (error) {
        if (closed.aborted) return;
        if (hasCode(error, Code.NotFound) || hasCode(error, Code.FailedPrecondition)) {
          orders.lost(error.message);
          return;
        }
        pause = Math.min(interval, PROTOCOL.heartbeatFailurePause);
      }
    }
  }
}
