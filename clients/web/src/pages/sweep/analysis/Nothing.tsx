import { NoRuns } from "../charts/NoRuns";
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

/** Says that a chart of the server shows all runs although a filter is set. */
export function AllRunsNote() {
  const { isFiltered } = useAnalysis();
  if (!isFiltered) return null;
  return (
    <p className="chart-note">
      The server computes this chart from all finished runs; the filter does not change it.
    </p>
  );
}
