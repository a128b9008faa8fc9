import { NoRuns } from "../charts/NoRuns";
import { useCurrentSweep } from "../sweepContext";
import { useAnalysis } from "./analysisContext";

/** Why a chart of runs with objectives is empty, and what to do about it. */
export function Nothing() {
  const { isFiltered, metric } = useAnalysis();
  if (metric === "") {
    return (
      <>
        <p>
          <strong>This sweep has no metric</strong>
        </p>
        <p>Without a metric no run is better than another. Name one in the next sweep.</p>
      </>
    );
  }
  if (!isFiltered) return <NoRuns />;
  return (
    <p>No run with a value of {metric} matches the filter. Widen the filter to see this chart.</p>
  );
}

/** Why a chart of runs that were started is empty, and what to do about it. */
export function NoneStarted({ isFiltered }: { isFiltered: boolean }) {
  const { sweepId } = useCurrentSweep();
  if (isFiltered) {
    return <p>No run that was started matches the filter. Widen the filter to see this chart.</p>;
  }
  return (
    <>
      <p>No run has started yet. Start an agent:</p>
      <pre>wanllmdb agent {sweepId}</pre>
    </>
  );
}
