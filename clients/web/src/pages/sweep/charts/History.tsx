import { useCallback } from "react";
import type { GetOptimizationHistoryResponse } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { AnalysisService } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import type { Palette } from "../../../plots/palette";
import { useClient } from "../../../rpc/context";
import { formatCount, formatValue } from "../../../store/format";
import { Chart } from "../../../ui/Chart";
import { LinePlot } from "../../../ui/LinePlot";
import { useAnswer } from "../../../ui/useAnswer";
import { useCurrentSweep } from "../sweepContext";
import { AllRunsNote } from "./AllRunsNote";
import { NoRuns } from "./NoRuns";

/** Each finished run's objective and the best one so far. */
export function History({ metric }: { metric: string }) {
  const { sweepId, revision } = useCurrentSweep();
  const analysis = useClient(AnalysisService);
  const answer = useAnswer({
    key: ["history", sweepId, metric],
    revision,
    ask: (signal) => analysis.getOptimizationHistory({ sweepId, metric }, { signal }),
  });
  return (
    <Chart
      title="Optimization history"
      answer={answer}
      empty={({ runNumbers }) => (runNumbers.length === 0 ? <NoRuns /> : undefined)}
      table={(data) => ({
        head: ["run", metric, "best so far"],
        rows: data.runNumbers.map((number, index) => [
          number,
          data.objectives[index],
          data.bestObjectives[index],
        ]),
      })}
    >
      {(data) => <HistoryPlot data={data} metric={metric} />}
    </Chart>
  );
}

function HistoryPlot({ data, metric }: { data: GetOptimizationHistoryResponse; metric: string }) {
  const lines = useCallback(
    (palette: Palette) => ({
      xLabel: "run",
      yLabel: metric,
      x: data.runNumbers.map(Number),
      series: [
        { label: metric, values: data.objectives, shape: "points" as const, color: palette.faint },
        {
          label: "best so far",
          values: data.bestObjectives,
          shape: "steps" as const,
          color: palette.accent,
        },
      ],
    }),
    [data, metric],
  );
  const shown = data.runNumbers.length;
  const best = data.bestObjectives.at(-1);
  return (
    <>
      <LinePlot
        label={`${formatCount(shown)} runs by number; best ${metric} ${best === undefined ? "unknown" : formatValue(best)}`}
        lines={lines}
      />
      {data.totalFinishedRuns > shown && (
        <p className="faint">
          {formatCount(shown)} of {formatCount(data.totalFinishedRuns)} runs, with every
          improvement.
        </p>
      )}
      <AllRunsNote />
    </>
  );
}
