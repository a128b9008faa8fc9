import { useMemo } from "react";
import { RunState } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { formatCount } from "../../../store/format";
import { curvePlaces, runNumbersOf } from "../../../store/learningCurves";
import { bestPlaces } from "../../../store/scoredRuns";
import { stopRuleOf } from "../../../store/stopRule";
import { Chart } from "../../../ui/Chart";
import { useCurrentSweep } from "../sweepContext";
import { useAnalysis, useAnalysisSearch } from "./analysisContext";
import { CurveControls, FIRST_COUNT } from "./CurveControls";
import { CurvePlot } from "./CurvePlot";
import { NoneStarted } from "./Nothing";
import { MOST_CURVES, MOST_TIMED, useCurves } from "./useCurves";
import { useMetricNames } from "./useMetricNames";

const MOST_SELECTED = 100;

/** The values of a metric that chosen runs reported as they went, and where runs are stopped. */
export function LearningCurves() {
  const { table, filter, metric: objective, goal } = useAnalysis();
  const { search } = useAnalysisSearch();
  const { spec } = useCurrentSweep();
  const numbers = useChosenRuns();
  const names = useMetricNames(numbers[0]);
  const { by = "step", curve: metric = objective || (names[0] ?? "") } = search;
  const choice = [search.curves, search.count, search.runs, filter, objective];
  const answer = useCurves(table, { numbers, choice, metric, isTimed: by === "time" });
  const rule = metric === objective ? spec?.earlyTermination : undefined;
  const compared = useComparedRuns(rule !== undefined);
  const others = useCurves(table, { numbers: compared, choice: "compared", metric });
  const stopRule = useMemo(
    () => (others.data === undefined ? undefined : stopRuleOf(rule, others.data, goal)),
    [rule, others.data, goal],
  );
  const isCut = by === "time" && numbers.length > MOST_TIMED;
  return (
    <>
      <CurveControls metric={metric} names={names} />
      <Chart
        title="Learning curves"
        answer={table === undefined ? { ...answer, data: undefined, isPending: true } : answer}
        empty={(curves) =>
          curves.some(({ pointCount }) => pointCount > 1) ? undefined : (
            <NoCurves metric={metric} chosen={numbers.length} reported={curves.length} />
          )
        }
        table={(curves) => ({
          head: ["run", by === "time" ? "seconds" : by, metric],
          rows: curves.flatMap((curve) => {
            const places = curvePlaces(curve, by);
            return curve.values.map((value, index) => [curve.number, places[index], value]);
          }),
        })}
      >
        {(curves) => (
          <CurvePlot
            curves={curves}
            compared={others.data ?? []}
            metric={metric}
            by={by}
            rule={stopRule}
          />
        )}
      </Chart>
      {isCut && (
        <p className="chart-note">
          The first {MOST_TIMED} of {formatCount(numbers.length)} runs: times are read run by run.
        </p>
      )}
      {compared.length === MOST_CURVES && (
        <p className="chart-note">
          The lines of early termination follow from the latest {formatCount(MOST_CURVES)} runs.
        </p>
      )}
    </>
  );
}

interface NoCurvesProps {
  readonly metric: string;
  readonly chosen: number;
  readonly reported: number;
}

function NoCurves({ metric, chosen, reported }: NoCurvesProps) {
  const { isFiltered } = useAnalysis();
  const { search } = useAnalysisSearch();
  if (chosen > 0) {
    const name = metric || "a metric";
    return (
      <>
        <p>
          {reported > 0
            ? `Each of these runs reported ${name} once, and a curve needs more values.`
            : `None of these runs has reported ${name} yet.`}{" "}
          Log it as the run goes:
        </p>
        <pre>{`wandb.log({"${metric}": value}, step=step)`}</pre>
      </>
    );
  }
  if (search.curves === "selected") return <p>Type the numbers of runs to see their curves.</p>;
  return <NoneStarted isFiltered={isFiltered} />;
}

/** Returns the numbers of the runs whose curves are shown, the best or the latest first. */
function useChosenRuns(): readonly number[] {
  const { table, mask, scored, ranks } = useAnalysis();
  const { search } = useAnalysisSearch();
  const { curves = "best", count = FIRST_COUNT, runs = "" } = search;
  return useMemo(() => {
    if (table === undefined) return [];
    const numberAt = (row: number) => table.numbers[row] ?? 0;
    if (curves === "selected") {
      const last = table.numbers[table.count - 1] ?? -1;
      return runNumbersOf(runs, MOST_SELECTED).filter((number) => number <= last);
    }
    if (curves === "best" && scored.rows.length > 0) {
      return bestPlaces(ranks(), count).map((point) => numberAt(scored.rows[point] ?? 0));
    }
    const latest: number[] = [];
    for (let row = mask.length - 1; row >= 0 && latest.length < count; row--) {
      if (mask[row] === 1 && table.states[row] !== RunState.QUEUED) latest.push(numberAt(row));
    }
    return latest;
  }, [table, mask, scored, ranks, curves, count, runs]);
}

/** Returns the runs that early termination compares: the latest, whatever the filter is. */
function useComparedRuns(isNeeded: boolean): readonly number[] {
  const { table } = useAnalysis();
  return useMemo(() => {
    const numbers: number[] = [];
    if (table === undefined || !isNeeded) return numbers;
    for (let row = table.count - 1; row >= 0 && numbers.length < MOST_CURVES; row--) {
      if (table.states[row] !== RunState.QUEUED) numbers.push(table.numbers[row] ?? 0);
    }
    return numbers;
  }, [table, isNeeded]);
}
