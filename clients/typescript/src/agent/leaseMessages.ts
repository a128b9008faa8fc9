import type { RunCommand } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Leased } from "./lease.js";

/** What the thread of heartbeats is told: to renew a lease, or no longer. */
export type LeaseRequest =
  | { readonly id: number; readonly lease: Leased; readonly leaseSeconds: number }
  | { readonly id: number; readonly lease?: undefined };

/** What the thread of heartbeats was told about a lease by the registry. */
export type LeaseAnswer =
  | { readonly id: number; readonly command: RunCommand }
  /** The lease is lost. */
  | { readonly id: number; readonly command?: undefined; readonly reason: string };
