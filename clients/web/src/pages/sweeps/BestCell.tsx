import { lazy, Suspense } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { bestOf } from "../../store/sweeps";
import { GoalArrow } from "../../ui/GoalArrow";

// The client that it needs is loaded with it.
const FrontCell = lazy(() => import("./FrontCell"));

/** The best objective with its metric; of a sweep with several metrics, the size of the front. */
export function BestCell({ sweep }: { sweep: Sweep }) {
  if ((sweep.spec?.metrics.length ?? 0) > 1) {
    return (
      <Suspense>
        <FrontCell sweep={sweep} />
      </Suspense>
    );
  }
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
