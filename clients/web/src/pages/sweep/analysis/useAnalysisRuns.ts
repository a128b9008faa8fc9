import { useEffect, useMemo, useRef, useState } from "react";
import { Goal } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { objectiveAxis, padded } from "../../../plots/objectiveAxis";
import { matchingRows } from "../../../store/matchingRows";
import { isEmptyFilter } from "../../../store/runFilter";
import type { RunTable } from "../../../store/runTable";
import { NO_SCORED_RUNS, relativeRanks, scoredRuns } from "../../../store/scoredRuns";
import { useCurrentSweep } from "../sweepContext";
import { useRunFilter } from "../useRunFilter";
import { useRunTable } from "../useRunTable";
import { type Analysis, useAnalysisSearch } from "./analysisContext";

/** Charts of more runs than these are computed again less often. */
const MANY_RUNS = 5_000;

/** Returns what the charts share, and the state of the table that it comes from. */
export function useAnalysisRuns() {
  const { sweepId, spec } = useCurrentSweep();
  const { table: live, problem, status, restart } = useRunTable(sweepId);
  const table = useCalm(live);
  const { filter } = useRunFilter();
  const { search } = useAnalysisSearch();
  const { scale = "linear" } = search;
  const metrics = spec?.metrics ?? [];
  const chosen = metrics.find(({ name }) => name === search.metric) ?? metrics[0];
  const goal = chosen?.goal === Goal.MAXIMIZE ? "maximize" : "minimize";
  const metric = chosen?.name ?? "";
  const isOne = metrics.length === 1;
  const objective = useMemo(
    () => table?.columns.find(({ key }) => key === `objective:${metric}`),
    [table, metric],
  );
  const mask = useMemo(
    () =>
      table === undefined
        ? new Uint8Array()
        : matchingRows(table, filter, isOne ? goal : undefined),
    [table, filter, goal, isOne],
  );
  const scored = useMemo(
    () =>
      table === undefined || objective === undefined
        ? NO_SCORED_RUNS
        : scoredRuns(table, mask, objective, filter),
    [table, mask, objective, filter],
  );
  const axis = useMemo(
    () => padded(objectiveAxis(metric, scored.objectives, scale)),
    [metric, scored, scale],
  );
  const ranks = useMemo(() => {
    let known: Float64Array | undefined;
    return () => {
      known ??= relativeRanks(scored.objectives, goal);
      return known;
    };
  }, [scored, goal]);
  const parameters = useMemo(() => {
    const fixed = new Set(
      spec?.searchSpace?.parameters
        .filter(({ distribution }) => distribution.case === "constant")
        .map(({ name }) => name),
    );
    return (
      table?.columns.filter(({ kind, name }) => kind === "parameter" && !fixed.has(name)) ?? []
    );
  }, [table, spec]);
  const analysis = useMemo(
    (): Analysis => ({
      table,
      mask,
      filter,
      isFiltered: !isEmptyFilter(filter),
      metric,
      goal,
      objective,
      scored,
      ranks,
      axis,
      parameters,
    }),
    [table, mask, filter, metric, goal, objective, scored, ranks, axis, parameters],
  );
  return { analysis, problem, status, restart };
}

/** Returns the table at a pace at which charts can follow; at once when it is complete. */
function useCalm(live: RunTable | undefined): RunTable | undefined {
  const [shown, setShown] = useState(live);
  const last = useRef(0);
  useEffect(() => {
    if (live === shown) return;
    const delay = Math.max(0, last.current + pauseOf(shown, live) - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setShown(live);
    }, delay);
    return () => clearTimeout(timer);
  }, [live, shown]);
  return shown;
}

function pauseOf(shown: RunTable | undefined, live: RunTable | undefined): number {
  if (shown === undefined || live === undefined) return 0;
  const isLoading = live.count < live.expected;
  if (isLoading) return 5_000;
  if (shown.count < shown.expected) return 0;
  return live.count > MANY_RUNS ? 5_000 : 1_000;
}
