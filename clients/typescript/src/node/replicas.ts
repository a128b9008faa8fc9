import { createHash } from "node:crypto";
import { PROTOCOL } from "../core/protocol.js";
import { now } from "../core/time.js";

/**
 * Chooses among the replicas of the suggestion service. All clients choose the same one for a sweep,
 * since two replicas that propose runs for one sweep conflict.
 */
export class ReplicaChoice {
  readonly #replicas: readonly string[];
  readonly #awayUntil = new Map<string, number>();

  /** @param replicas as `host:port`; with fewer than two different ones there is no choice. */
  constructor(replicas: readonly string[]) {
    this.#replicas = new Set(replicas).size > 1 ? replicas : [];
  }

  /** Returns the replica that a sweep's calls go to first; undefined for any. */
  choose(sweepId: string): string | undefined {
    let best: { replica: string; weight: Buffer } | undefined;
    for (const replica of this.#replicas) {
      const weight = createHash("sha256").update(`${replica}\0${sweepId}`).digest();
      if (best === undefined || weight.compare(best.weight) > 0) best = { replica, weight };
    }
    if (best === undefined || now() < (this.#awayUntil.get(best.replica) ?? 0)) return undefined;
    return best.replica;
  }

  /** Records that a replica did not answer: no call goes there first for a while. */
  markAway(replica: string): void {
    this.#awayUntil.set(replica, now() + PROTOCOL.replicaPause);
  }
}
