import { useDeferredValue, useEffect } from "react";
import { useCurrentSweep } from "../sweepContext";
import { TableProblem } from "../TableProblem";
import { useRunTable } from "../useRunTable";
import { ParallelPanel } from "./ParallelPanel";
import "../../../ui/charts.css";
import "./parallel.css";
import { readAxis } from "../../../store/parallelSearch";
import { useParallelSearch } from "./useParallelSearch";

const SUMMARY = "summary:";

/** The runs of a sweep as parallel coordinates, live. */
export function ParallelPage() {
  const { sweepId } = useCurrentSweep();
  const { table, problem, status, addColumns, restart } = useRunTable(sweepId);
  const [{ axes = [], color }] = useParallelSearch();
  // Metrics in the address are read on request.
  useEffect(() => {
    const keys = [...axes.map((axis) => readAxis(axis)?.key), color];
    addColumns(keys.flatMap((key) => (key?.startsWith(SUMMARY) === true ? [key] : [])));
  });
  const late = useDeferredValue(table);
  return (
    <>
      {problem !== undefined && (
        <TableProblem problem={problem} status={status} onRetry={restart} />
      )}
      {late === undefined && problem === undefined && (
        <div className="skeleton" role="status">
          Loading the runs …
        </div>
      )}
      {late !== undefined && late.count === 0 && <Empty expected={late.expected} />}
      {late !== undefined && late.count > 0 && (
        <ParallelPanel table={late} onMetric={(name) => addColumns([`${SUMMARY}${name}`])} />
      )}
    </>
  );
}

function Empty({ expected }: { expected: number }) {
  const { sweepId } = useCurrentSweep();
  if (expected > 0) {
    return (
      <div className="skeleton" role="status">
        Loading the runs …
      </div>
    );
  }
  return (
    <div className="panel">
      <h2>No runs yet</h2>
      <p>Runs appear here as soon as an agent works on this sweep:</p>
      <pre>wanllmdb agent {sweepId} -- python train.py</pre>
    </div>
  );
}
