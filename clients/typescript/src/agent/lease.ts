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

/** Renews the lease of a run until it is closed or lost, whatever else goes on. */
export class LeaseKeeper {
  readonly #core: Core;
  readonly #lease: Leased;
  readonly #commands: Commands;
  readonly #closed = new AbortController();

  constructor(core: Core, lease: Leased, leaseSeconds: number, commands: Commands) {
    this.#core = core;
    this.#lease = lease;
    this.#commands = commands;
    void this.#work(heartbeatPause(leaseSeconds));
  }

  /** Stops renewing the lease. */
  close(): void {
    this.#closed.abort();
  }

  async #work(first: number): Promise<void> {
    const { signal } = this.#closed;
    let interval = first;
    let pause = first;
    while (!(await sleep(pause, signal))) {
      pause = interval;
      try {
        const { statuses, leaseDuration } = await this.#core.registry.heartbeat(
          { leases: [this.#lease] },
          { signal, timeoutMs: PROTOCOL.heartbeatDeadline * 1000 },
        );
        if (leaseDuration !== undefined) {
          pause = interval = heartbeatPause(secondsOf(leaseDuration));
        }
        for (const { command } of statuses) this.#commands.obey(command);
      } catch (error) {
        if (signal.aborted) return;
        if (hasCode(error, Code.NotFound) || hasCode(error, Code.FailedPrecondition)) {
          this.#commands.broken(error);
          return;
        }
        pause = Math.min(interval, PROTOCOL.heartbeatFailurePause);
      }
    }
  }
}
