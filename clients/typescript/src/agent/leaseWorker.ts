/**
 * The thread of heartbeats: it renews leases while the code of a run computes.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { Client } from "../node/client.js";
import type { ClientOptions } from "../node/settings.js";
import { LocalLeases } from "./lease.js";
import type { LeaseAnswer, LeaseRequest } from "./leaseMessages.js";

const leases = new LocalLeases(new Client(workerData as ClientOptions));
const kept = new Map<number, () => void>();
const answer = (message: LeaseAnswer): void => parentPort?.postMessage(message);

parentPort?.on("message", (request: LeaseRequest) => {
  const { id } = request;
  if (request.lease === undefined) {
    kept.get(id)?.();
    kept.delete(id);
    return;
  }
  const stop = leases.keep(request.lease, request.leaseSeconds, {
    obey: (command) => answer({ id, command }),
    lost: (reason) => answer({ id, reason }),
  });
  kept.set(id, stop);
});
