import type { RunCommand } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Leased } from "./lease.js";

/** Asks the thread of heartbeats to renew a lease, or to stop renewing it. */
export type LeaseRequest =
  | { readonly id: number; readonly lease: Leased; readonly leaseSeconds: number }
  | { readonly id: number; readonly lease?: undefined };

/** What the registry answered to the thread of heartbeats about a lease. */
export type LeaseAnswer =
  | { readonly id: number; readonly command: RunCommand }
  /** The lease is lost. */
  | { readonly id: number; readonly command?: undefined; readonly reason: string };
