import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import type { WatchStatus } from "../../rpc/watch";
import { watchSweep } from "../../rpc/watchSweep";
import { useVisible } from "../../ui/useVisible";
import { useRejection } from "../useRejection";

/** Returns the key of a sweep in the cache. */
export function sweepKey(sweepId: string): readonly unknown[] {
  return ["sweep", sweepId];
}

/** Reads a sweep once, then keeps it current by a watch from its revision on. */
export function useSweep(sweepId: string) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const isVisible = useVisible();
  const rejection = useRejection();
  const isAccepted = rejection === undefined;
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
    if (!isLoaded || !isVisible || !isAccepted) return;
    const stop = new AbortController();
    const key = sweepKey(sweepId);
    void watchSweep({
      registry,
      sweepId,
      since: cache.getQueryData<Sweep>(key)?.revision ?? 0n,
      onSweep: (sweep) => cache.setQueryData<Sweep>(key, sweep),
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
  }, [cache, registry, sweepId, isLoaded, isVisible, isAccepted]);

  const shown: WatchStatus = isAccepted ? status : { kind: "ended", error: rejection };
  return { ...query, status: shown };
}
