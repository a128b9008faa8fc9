import { useCallback, useId, useState } from "react";
import { mayBeLog } from "../../../plots/lines";
import { LINE_COLORS, type Palette } from "../../../plots/palette";
import { useServices } from "../../../rpc/context";
import { alignCurves, type Curve, curveTable, isShortened } from "../../../store/curves";
import { formatCount } from "../../../store/format";
import { Chart } from "../../../ui/Chart";
import { LinePlot } from "../../../ui/LinePlot";
import { useAnswer } from "../../../ui/useAnswer";
import "../../../ui/charts.css";

/** As many points as a chart has pixels to draw them. */
const MOST_POINTS = 300;
/** The dashes of the lines whose colors were used before. */
const DASH = [6, 4];

interface Props {
  readonly sweepId: string;
  readonly numbers: readonly number[];
  readonly metrics: readonly string[];
  /** The metric that is shown at first. */
  readonly first: string | undefined;
  /** Changes when the runs change. */
  readonly revision: bigint;
}

/** The learning curves of runs over each other: the values of a metric by step. */
export function CurvesChart({ sweepId, numbers, metrics, first, revision }: Props) {
  const { registry } = useServices();
  const id = useId();
  const [chosen, setChosen] = useState<string>();
  const [isLog, setLog] = useState(false);
  const metric = [chosen, first].find((name) => name !== undefined && metrics.includes(name));
  const name = metric ?? metrics[0] ?? "";
  const answer = useAnswer({
    key: ["curves", sweepId, numbers.join(), name],
    revision,
    ask: (signal) =>
      registry.getMetricHistories(
        { sweepId, numbers: numbers.map(BigInt), name, maxPoints: MOST_POINTS },
        { signal },
      ),
  });
  const curves = answer.data?.curves ?? [];
  const canBeLog = mayBeLog({ series: alignCurves(curves).values.map(seriesOf) });
  return (
    <>
      <div className="chart-controls">
        <label htmlFor={`${id}-metric`}>
          Metric
          <select
            id={`${id}-metric`}
            value={name}
            onChange={(event) => setChosen(event.target.value)}
          >
            {metrics.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label title={canBeLog ? undefined : "Some values are not positive"}>
          <input
            type="checkbox"
            checked={isLog && canBeLog}
            disabled={!canBeLog}
            onChange={(event) => setLog(event.target.checked)}
          />
          Logarithmic
        </label>
      </div>
      <Chart
        title={`Learning curves of ${name}`}
        answer={answer}
        empty={({ curves: all }) =>
          all.length === 0 ? (
            <p>
              {numbers.length === 1 ? "The run has" : "The runs have"} no values of this metric by
              step. Programs report them with <code>log</code>.
            </p>
          ) : undefined
        }
        table={({ curves: all }) => curveTable(all, name)}
      >
        {({ curves: all }) => <Curves curves={all} metric={name} isLog={isLog && canBeLog} />}
      </Chart>
    </>
  );
}

function seriesOf(values: readonly (number | null)[]) {
  return { label: "", values, shape: "line" as const, color: "" };
}

interface CurvesProps {
  readonly curves: readonly Curve[];
  readonly metric: string;
  readonly isLog: boolean;
}

function Curves({ curves, metric, isLog }: CurvesProps) {
  const lines = useCallback(
    (palette: Palette) => {
      const { x, values } = alignCurves(curves);
      // A single point has no line.
      const shape = x.length === 1 ? ("points" as const) : ("line" as const);
      return {
        xLabel: "step",
        yLabel: metric,
        x,
        isLog,
        series: curves.map(({ number }, index) => ({
          label: `run ${number}`,
          values: values[index] ?? [],
          shape,
          color: LINE_COLORS[index % LINE_COLORS.length] ?? palette.accent,
          ...(index >= LINE_COLORS.length || index % 2 === 1 ? { dash: DASH } : {}),
        })),
      };
    },
    [curves, metric, isLog],
  );
  const points = curves.reduce((sum, { pointCount }) => sum + Number(pointCount), 0);
  return (
    <>
      <LinePlot
        label={`${metric} by step of ${curves.map(({ number }) => `run ${number}`).join(", ")}`}
        lines={lines}
      />
      {isShortened(curves) && (
        <p className="faint">
          Drawn from {formatCount(points)} values; each point stands for several.
        </p>
      )}
    </>
  );
}
