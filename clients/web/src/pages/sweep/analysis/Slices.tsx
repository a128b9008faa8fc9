import { useCallback } from "react";
import { AxisScale } from "../../../gen/wanllmdb/api/registry/v1/plots_pb";
import type {
  GetSlicesResponse,
  ParameterColumn,
} from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { nameOf, type PlotAxis } from "../../../plots/area";
import type { Palette } from "../../../plots/palette";
import { drawScatter } from "../../../plots/scatter";
import { useServices } from "../../../rpc/context";
import { formatParameter } from "../../../store/sweeps";
import { Canvas } from "../../../ui/Canvas";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { NoRuns } from "../charts/NoRuns";
import { useCurrentSweep } from "../sweepContext";

/** Each parameter's values beside the objective, coloured by the runs' ranks. */
export function Slices({ metric }: { metric: string }) {
  const { sweepId, revision } = useCurrentSweep();
  const { analysis } = useServices();
  const answer = useAnswer({
    key: ["slices", sweepId, metric],
    revision,
    ask: (signal) => analysis.getSlices({ sweepId, metric }, { signal }),
  });
  return (
    <>
      <p className="faint">Bright points are the best runs.</p>
      <Chart
        title="Slices"
        answer={answer}
        empty={({ runNumbers }) => (runNumbers.length === 0 ? <NoRuns /> : undefined)}
        table={(data) => tableOf(data, metric)}
      >
        {(data) => (
          <div className="chart-grid">
            {data.parameters.map((column) => (
              <Slice key={column.axis?.name} column={column} data={data} metric={metric} />
            ))}
          </div>
        )}
      </Chart>
    </>
  );
}

function axisOf({ axis, values }: ParameterColumn): PlotAxis {
  return {
    label: axis?.name ?? "",
    min: axis?.min ?? Math.min(...values),
    max: axis?.max ?? Math.max(...values),
    isLog: axis?.scale === AxisScale.LOG,
    categories: axis?.categories.map(formatParameter) ?? [],
  };
}

function tableOf({ runNumbers, objectives, ranks, parameters }: GetSlicesResponse, metric: string) {
  const axes = parameters.map(axisOf);
  return {
    head: ["run", metric, "rank", ...axes.map(({ label }) => label)],
    rows: runNumbers.map((number, row) => [
      number,
      objectives[row],
      ranks[row],
      ...parameters.map(({ values }, index) => {
        const [value, axis] = [values[row] ?? Number.NaN, axes[index]];
        return axis !== undefined && axis.categories.length > 0 ? nameOf(value, axis) : value;
      }),
    ]),
  };
}

interface SliceProps {
  readonly column: ParameterColumn;
  readonly data: GetSlicesResponse;
  readonly metric: string;
}

function Slice({ column, data, metric }: SliceProps) {
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) => {
      let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const value of data.objectives) {
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      drawScatter(
        canvas,
        width,
        {
          x: axisOf(column),
          y: { label: metric, min, max, isLog: false, categories: [] },
          xs: column.values,
          ys: data.objectives,
          ranks: data.ranks,
        },
        palette,
      );
    },
    [column, data, metric],
  );
  return <Canvas label={`${metric} by ${column.axis?.name}`} draw={draw} />;
}
