import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../rpc/context";
import { newRequestId } from "../../rpc/requestId";
import type { Services } from "../../rpc/transport";
import type { Action } from "../../store/sweeps";
import { sweepKey } from "./useSweep";

/**
 * Returns a mutation that carries out an action on a sweep as the page shows it: if the sweep
 * changed meanwhile, the etag makes the call fail, and the page shows the current state.
 */
export function useAction(sweep: Sweep) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const key = sweepKey(sweep.sweepId);
  return useMutation({
    mutationFn: (action: Action) => carryOut(registry, action, sweep),
    onSuccess: (changed) => {
      if (changed !== undefined) cache.setQueryData<Sweep>(key, changed);
    },
  });
}

async function carryOut(
  registry: Services["registry"],
  action: Action,
  { sweepId, etag }: Sweep,
): Promise<Sweep | undefined> {
  const request = { sweepId, etag, requestId: newRequestId() };
  switch (action) {
    case "start":
      return (await registry.startSweep(request)).sweep;
    case "pause":
      return (await registry.pauseSweep(request)).sweep;
    case "resume":
      return (await registry.resumeSweep(request)).sweep;
    case "finish":
      return (await registry.finishSweep(request)).sweep;
    case "cancel":
      return (await registry.cancelSweep(request)).sweep;
  }
}
