import { useMutation } from "@tanstack/react-query";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../rpc/context";
import { newRequestId } from "../../rpc/requestId";
import type { Services } from "../../rpc/transport";
import { type BulkAction, callForEach } from "../../store/bulk";

interface BulkCall {
  readonly action: BulkAction;
  readonly sweeps: readonly Sweep[];
}

/** Returns a mutation that applies an action to sweeps; its data are the failures. */
export function useBulk() {
  const { registry } = useServices();
  return useMutation({
    mutationFn: ({ action, sweeps }: BulkCall) =>
      callForEach(sweeps, (sweep) => carryOut(registry, action, sweep)),
  });
}

function carryOut(
  registry: Services["registry"],
  action: BulkAction,
  { sweepId, etag }: Sweep,
): Promise<unknown> {
  const request = { sweepId, etag, requestId: newRequestId() };
  switch (action) {
    case "pause":
      return registry.pauseSweep(request);
    case "resume":
      return registry.resumeSweep(request);
    case "cancel":
      return registry.cancelSweep(request);
    case "delete":
      return registry.deleteSweep(request);
  }
}
