import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { WatchSweepsResponse } from "../gen/wanllmdb/api/registry/v1/watch_pb";

/** A watched list of sweeps; never changed in place. */
export interface SweepList {
  readonly sweeps: ReadonlyMap<string, Sweep>;
  /** The ids in the order of the list. */
  readonly order: readonly string[];
  /** How many sweeps match the filter, listed or not. */
  readonly total: number;
  /** Whether the list was complete once. */
  readonly isComplete: boolean;
}

export const NO_SWEEPS: SweepList = {
  sweeps: new Map(),
  order: [],
  total: 0,
  isComplete: false,
};

/** Returns the list after a message of WatchSweeps. */
export function applyMessage(list: SweepList, message: WatchSweepsResponse): SweepList {
  const { removedSweepIds, orderedSweepIds } = message;
  const removed = new Set(removedSweepIds);
  const sweeps = new Map(list.sweeps);
  for (const sweep of message.sweeps) sweeps.set(sweep.sweepId, sweep);
  for (const id of removed) sweeps.delete(id);
  return {
    sweeps,
    order:
      orderedSweepIds.length > 0 ? orderedSweepIds : list.order.filter((id) => !removed.has(id)),
    total: Number(message.totalCount),
    isComplete: list.isComplete || message.isCurrent,
  };
}

/** Returns the sweeps in the order of the list. */
export function rowsOf({ sweeps, order }: SweepList): Sweep[] {
  return order.flatMap((id) => sweeps.get(id) ?? []);
}
