import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue, useEffect, useState } from "react";
import { useCurrentSweep } from "../sweepContext";
import { TableProblem } from "../TableProblem";
import { useRunTable } from "../useRunTable";
import { RunsTable } from "./RunsTable";
import "./runs.css";

const route = getRouteApi("/sweeps/$sweepId/runs");
const ComparePanel = lazy(async () => ({
  default: (await import("./ComparePanel")).ComparePanel,
}));

/** All runs of a sweep as a table, live. */
export function RunsPage() {
  const { sweepId } = useCurrentSweep();
  // Another sweep has other runs to select.
  return <Page key={sweepId} sweepId={sweepId} />;
}

function Page({ sweepId }: { sweepId: string }) {
  const { table, problem, status, addColumns, restart } = useRunTable(sweepId);
  const { columns, compare } = route.useSearch();
  // Some columns in the address are read on request.
  useEffect(() => addColumns(columns ?? []));
  // The way to a comparison and back keeps the selection.
  const [selected, setSelected] = useState<ReadonlySet<number>>(() => new Set(compare));
  const late = useDeferredValue(table);
  if (compare !== undefined) {
    return (
      <Suspense fallback={<p className="faint">Loading …</p>}>
        <ComparePanel sweepId={sweepId} numbers={compare} table={late} />
      </Suspense>
    );
  }
  const isEmpty = late !== undefined && late.expected === 0 && late.count === 0;
  return (
    <div className="runs-page">
      {problem !== undefined && (
        <TableProblem problem={problem} status={status} onRetry={restart} />
      )}
      {late === undefined && problem === undefined && (
        <div className="skeleton" role="status">
          Loading …
        </div>
      )}
      {late !== undefined && !isEmpty && (
        <RunsTable sweepId={sweepId} table={late} selected={selected} onSelected={setSelected} />
      )}
      {isEmpty && <NoRuns sweepId={sweepId} />}
    </div>
  );
}

function NoRuns({ sweepId }: { sweepId: string }) {
  return (
    <div className="panel">
      <h2>No runs yet</h2>
      <p>Runs appear here as soon as an agent works on this sweep:</p>
      <pre>wanllmdb agent {sweepId} -- python train.py</pre>
    </div>
  );
}
