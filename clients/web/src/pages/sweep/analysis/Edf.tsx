import { useCallback } from "react";
import type { GetEdfResponse } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import type { Palette } from "../../../plots/palette";
import { useServices } from "../../../rpc/context";
import { Chart } from "../../../ui/Chart";
import { LinePlot } from "../../../ui/LinePlot";
import { useAnswer } from "../../../ui/useAnswer";
import { NoRuns } from "../charts/NoRuns";
import { useCurrentSweep } from "../sweepContext";

/** The share of runs whose objective is at most a value. */
export function Edf({ metric }: { metric: string }) {
  const { sweepId, revision } = useCurrentSweep();
  const { analysis } = useServices();
  const answer = useAnswer({
    key: ["edf", sweepId, metric],
    revision,
    ask: (signal) => analysis.getEdf({ sweepIds: [sweepId], metric }, { signal }),
  });
  return (
    <Chart
      title="Distribution of the objective"
      answer={answer}
      empty={({ objectives }) => (objectives.length === 0 ? <NoRuns /> : undefined)}
      table={({ objectives, curves }) => ({
        head: [metric, "share of runs"],
        rows: objectives.map((objective, index) => [objective, curves[0]?.shares[index]]),
      })}
    >
      {(data) => <EdfPlot data={data} metric={metric} />}
    </Chart>
  );
}

function EdfPlot({ data, metric }: { data: GetEdfResponse; metric: string }) {
  const lines = useCallback(
    (palette: Palette) => ({
      xLabel: metric,
      yLabel: "share of runs",
      x: data.objectives,
      series: [
        {
          label: "share",
          values: data.curves[0]?.shares ?? [],
          shape: "steps" as const,
          color: palette.accent,
        },
      ],
    }),
    [data, metric],
  );
  return <LinePlot label={`The share of runs whose ${metric} is at most a value`} lines={lines} />;
}
