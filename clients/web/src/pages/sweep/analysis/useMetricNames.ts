import { useQuery } from "@tanstack/react-query";
import { useServices } from "../../../rpc/context";
import { useCurrentSweep } from "../sweepContext";

/** Returns the names of the sweep's metrics, then of the others that a run reported. */
export function useMetricNames(run: number | undefined): readonly string[] {
  const { sweepId, spec } = useCurrentSweep();
  const { registry } = useServices();
  const { data } = useQuery({
    // Runs of one sweep mostly report the same metrics.
    queryKey: ["metric-names", sweepId, run !== undefined],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const request = { sweepId, run: { case: "number" as const, value: BigInt(run ?? 0) } };
      const answer = await registry.getRun(request, { signal });
      return Object.keys(answer.run?.summary ?? {}).sort();
    },
    enabled: run !== undefined,
  });
  const own = spec?.metrics.map(({ name }) => name) ?? [];
  return [...new Set([...own, ...(data ?? [])])];
}
