import { useEffect, useSyncExternalStore } from "react";
import { useServices } from "../../rpc/context";
import type { Problem } from "../../rpc/problems";
import type { WatchStatus } from "../../rpc/watch";
import type { RunTable } from "../../store/runTable";
import { runTableStore } from "../../store/runTableStore";
import { useVisible } from "../../ui/useVisible";
import { useRejection } from "../useRejection";

interface WatchedTable {
  /** The runs that arrived so far; undefined before the first. */
  readonly table: RunTable | undefined;
  /** Why the table is not current. */
  readonly problem: Problem | undefined;
  readonly status: WatchStatus;
  /** Adds columns that are read on request; see RunTableStore. */
  readonly addColumns: (keys: readonly string[]) => void;
  /** Reads everything again. */
  readonly restart: () => void;
}

/** The runs of a sweep, live; the pages of a sweep share one table and one stream. */
export function useRunTable(sweepId: string): WatchedTable {
  const { registry } = useServices();
  const store = runTableStore(registry, sweepId);
  const isAccepted = useRejection() === undefined;
  const isFollowed = useVisible() && isAccepted;
  useEffect(() => store.setVisible(isFollowed), [store, isFollowed]);
  const state = useSyncExternalStore(store.subscribe, store.getState);
  return {
    ...state,
    addColumns: (keys) => store.addColumns(keys),
    restart: () => store.restart(),
  };
}
