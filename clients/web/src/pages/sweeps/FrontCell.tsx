import { useQuery } from "@tanstack/react-query";
import { type Sweep, SweepState } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { SuggestionService } from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import { useClient } from "../../rpc/context";
import { formatCount } from "../../store/format";

const ASK_EVERY_MS = 30_000;

/** The size of the Pareto front of a sweep with several metrics. */
export default function FrontCell({ sweep: { sweepId, state, stats } }: { sweep: Sweep }) {
  const suggestion = useClient(SuggestionService);
  const isRunning = state === SweepState.RUNNING;
  const answer = useQuery({
    queryKey: ["front size", sweepId, state],
    queryFn: ({ signal }) => suggestion.getBestRuns({ sweepId, count: 1 }, { signal }),
    staleTime: ASK_EVERY_MS,
    refetchInterval: isRunning && ASK_EVERY_MS,
    enabled: (stats?.finishedRuns ?? 0n) > 0n,
    retry: false,
  });
  const size = answer.data?.totalRuns;
  if (size === undefined) return null;
  return (
    <span title="Runs that no other run beats in every metric">front of {formatCount(size)}</span>
  );
}
