import { useQuery } from "@tanstack/react-query";
import { type Sweep, SweepState } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../rpc/context";
import { formatCount } from "../../store/format";
import { bestOf } from "../../store/sweeps";
import { GoalArrow } from "../../ui/GoalArrow";

const ASK_EVERY_MS = 30_000;

/** The best objective with its metric; of a sweep with several metrics, the size of the front. */
export function BestCell({ sweep }: { sweep: Sweep }) {
  if ((sweep.spec?.metrics.length ?? 0) > 1) return <FrontCell sweep={sweep} />;
  const best = bestOf(sweep);
  if (best === undefined) return null;
  return (
    <span className="two-lines" title={`${best.metric} of run ${best.run}`}>
      {best.value}
      <span className="faint">
        <bdi className="clip">{best.metric}</bdi> <GoalArrow goal={best.goal} />
      </span>
    </span>
  );
}

function FrontCell({ sweep: { sweepId, state, stats } }: { sweep: Sweep }) {
  const { suggestion } = useServices();
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
