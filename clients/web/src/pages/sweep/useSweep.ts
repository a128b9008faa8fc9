import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { WatchSweepResponse } from "../../gen/wanllmdb/api/registry/v1/watch_pb";
import { useServices } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { follow, type WatchStatus } from "../../rpc/watch";
import { useVisible } from "../../ui/useVisible";

const MIN_INTERVAL_NANOS = 500_000_000;

/** Returns the key of a sweep in the cache. */
export function sweepKey(sweepId: string): readonly unknown[] {
  return ["sweep", sweepId];
}

/** Reads a sweep once, then keeps it current by a watch from its revision on. */
export function useSweep(sweepId: string) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const isVisible = useVisible();
  const [status, setStatus] = useState<WatchStatus>({ kind: "connecting" });
  const query = useQuery({
    queryKey: sweepKey(sweepId),
    queryFn: async ({ signal }) => {
      const { sweep } = await registry.getSweep({ sweepId }, { signal });
      if (sweep === undefined) throw new Error("the answer of GetSweep has no sweep");
      return sweep;
    },
    // The watch keeps it current.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const isLoaded = query.data !== undefined;

  useEffect(() => {
    if (!isLoaded || !isVisible) return;
    const stop = new AbortController();
    const key = sweepKey(sweepId);
    void follow<WatchSweepResponse>({
      open: (sinceRevision, signal) =>
        registry.watchSweep(
          {
            sweepId,
            sinceRevision,
            minInterval: { nanos: MIN_INTERVAL_NANOS },
            withoutRuns: true,
          },
          // A watch has no end of its own.
          { signal, timeoutMs: 0 },
        ),
      since: cache.getQueryData<Sweep>(key)?.revision ?? 0n,
      onMessage: ({ change }) => {
        if (change.case === "sweep") cache.setQueryData<Sweep>(key, change.value);
      },
      onStatus: (next) => {
        setStatus(next);
        // After a restore of the database, what was read before means nothing.
        const isForgotten =
          next.kind === "ended" && describeProblem(next.error).reason === "REVISION_UNKNOWN";
        if (isForgotten) void cache.resetQueries({ queryKey: key });
      },
      signal: stop.signal,
    });
    return () => stop.abort();
  }, [cache, registry, sweepId, isLoaded, isVisible]);

  return { ...query, status };
}
