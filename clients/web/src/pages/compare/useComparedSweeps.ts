import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { SweepOrder } from "../../gen/wanllmdb/api/registry/v1/sweep_list_pb";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { WatchSweepsResponse } from "../../gen/wanllmdb/api/registry/v1/watch_pb";
import { useServices } from "../../rpc/context";
import { follow, type WatchStatus } from "../../rpc/watch";
import { useVisible } from "../../ui/useVisible";
import { sweepKey } from "../sweep/useSweep";

/** How often the sweeps are read again at most. */
const EVERY_SECONDS = 5n;
/** A sweep that changed is among this many that changed last. */
const MOST_WATCHED = 100;

/** A sweep of a comparison: read, or why it can't be. */
export interface ReadSweep {
  readonly sweepId: string;
  readonly sweep: Sweep | undefined;
  readonly error: unknown;
  readonly retry: () => void;
}

/**
 * Reads sweeps, and again when they change.
 *
 * A watch for each sweep would take all connections that a browser has, so that one watch of the
 * sweeps that changed last shows which of them to read again.
 */
export function useComparedSweeps(ids: readonly string[]) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const isVisible = useVisible();
  const [status, setStatus] = useState<WatchStatus>({ kind: "connecting" });
  const queries = useQueries({
    queries: ids.map((sweepId) => ({
      queryKey: sweepKey(sweepId),
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const { sweep } = await registry.getSweep({ sweepId }, { signal });
        if (sweep === undefined) throw new Error("the answer of GetSweep has no sweep");
        return sweep;
      },
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const read = ids.map((sweepId, index): ReadSweep => {
    const query = queries[index];
    return {
      sweepId,
      sweep: query?.data,
      error: query?.error,
      retry: () => void query?.refetch(),
    };
  });
  const isComplete = queries.every(({ isPending }) => !isPending);
  const projects = new Set(read.flatMap(({ sweep }) => sweep?.project ?? []));
  const [project = ""] = projects.size === 1 ? projects : [];
  const joined = ids.join();

  useEffect(() => {
    if (!isVisible || !isComplete || joined === "") return;
    const stop = new AbortController();
    const wanted = new Set(joined.split(","));
    void follow<WatchSweepsResponse>({
      open: (signal) =>
        registry.watchSweeps(
          {
            filter: { project },
            order: SweepOrder.UPDATE_TIME_DESC,
            maxSweeps: MOST_WATCHED,
            minInterval: { seconds: EVERY_SECONDS },
          },
          { signal, timeoutMs: 0 },
        ),
      onMessage: ({ sweeps, removedSweepIds }) => {
        // It may be deleted; reading it again shows that.
        for (const sweepId of removedSweepIds) {
          if (wanted.has(sweepId)) void cache.invalidateQueries({ queryKey: sweepKey(sweepId) });
        }
        for (const { sweepId, revision } of sweeps) {
          const known = cache.getQueryData<Sweep>(sweepKey(sweepId))?.revision ?? 0n;
          if (!wanted.has(sweepId) || revision <= known) continue;
          void cache.invalidateQueries({ queryKey: sweepKey(sweepId) });
        }
      },
      onStatus: setStatus,
      signal: stop.signal,
    });
    return () => stop.abort();
  }, [registry, cache, isVisible, isComplete, joined, project]);

  return { read, status, isPending: !isComplete };
}
