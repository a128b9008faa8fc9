import { useMemo } from "react";
import type {
  CompareSweepsResponse,
  GetEdfResponse,
} from "../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { AnalysisService } from "../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { type Course, courseAxes } from "../../plots/courses";
import { useClient } from "../../rpc/context";
import type { Comparison } from "../../store/comparison";
import { formatCount } from "../../store/format";
import { Chart, ChartPanel } from "../../ui/Chart";
import { type Answer, useAnswer } from "../../ui/useAnswer";
import { CoursePlot } from "./CoursePlot";

interface Props {
  readonly comparison: Comparison;
  /** The ids of all sweeps of the page: their order decides how their lines look. */
  readonly ids: readonly string[];
  /** Rises with each change of one of the sweeps. */
  readonly revision: bigint;
  readonly isLog: boolean;
  readonly answer: Answer<CompareSweepsResponse>;
}

/** How the sweeps got better, by runs and by time, and how their objectives are spread. */
export function CompareCharts(props: Props) {
  const { comparison } = props;
  return (
    <>
      <ChartPanel title={`Best ${comparison.label} by runs`}>
        <Progress {...props} by="runs" />
      </ChartPanel>
      <div className="chart-grid">
        <ChartPanel title={`Best ${comparison.label} by time`}>
          <Progress {...props} by="time" />
        </ChartPanel>
        <ChartPanel title={`Distribution of ${comparison.label}`}>
          <Edf {...props} />
        </ChartPanel>
      </div>
    </>
  );
}

function Progress({ comparison, ids, isLog, answer, by }: Props & { by: "runs" | "time" }) {
  const { label, goal } = comparison;
  const title = `Best ${label} by ${by}`;
  return (
    <Chart
      title={title}
      answer={answer}
      empty={({ curves }) =>
        curves.every(({ bestObjectives }) => bestObjectives.length === 0) ? (
          <p>No run of these sweeps has finished yet.</p>
        ) : undefined
      }
      table={({ curves }) => ({
        head: ["sweep", "name", "ended runs", "seconds", `best ${label}`, "run"],
        rows: curves.flatMap((curve) =>
          curve.bestObjectives.map((objective, index) => [
            curve.sweepId,
            curve.name,
            curve.endedRuns[index],
            curve.seconds[index],
            objective,
            curve.bestRunNumbers[index],
          ]),
        ),
      })}
    >
      {(data) => (
        <ProgressPlot data={data} ids={ids} isLog={isLog} by={by} label={label} goal={goal} />
      )}
    </Chart>
  );
}

const UNITS = [
  ["days", 86_400],
  ["hours", 3_600],
  ["minutes", 60],
  ["seconds", 1],
] as const;

interface ProgressPlotProps extends Pick<Props, "ids" | "isLog"> {
  readonly data: CompareSweepsResponse;
  readonly by: "runs" | "time";
  readonly label: string;
  readonly goal: Comparison["goal"];
}

function ProgressPlot({ data, ids, isLog, by, label, goal }: ProgressPlotProps) {
  const plot = useMemo(() => {
    const longest = Math.max(...data.curves.map(({ seconds }) => seconds.at(-1) ?? 0));
    const [unit, size] = UNITS.find(([, each]) => longest >= 2 * each) ?? ["seconds", 1];
    const courses = data.curves
      .filter(({ bestObjectives }) => bestObjectives.length > 0)
      .map(
        ({ sweepId, name, seconds, endedRuns, bestObjectives }): Course => ({
          id: sweepId,
          name: name || sweepId,
          place: ids.indexOf(sweepId),
          xs: by === "time" ? seconds.map((each) => each / size) : endedRuns.map(Number),
          ys: bestObjectives,
        }),
      );
    const x = by === "time" ? unit : "ended runs";
    const y = `${label}, ${goal === "minimize" ? "lower" : "higher"} is better`;
    return { courses, ...courseAxes(courses, { x, y }, isLog) };
  }, [data, ids, isLog, by, label, goal]);
  return (
    <CoursePlot
      label={`The best ${label} of ${formatCount(plot.courses.length)} sweeps by ${by}`}
      plot={plot}
      isAscending={goal === "minimize"}
    />
  );
}

function Edf({ comparison: { sweepIds, metric, label, goal }, ids, revision }: Props) {
  const analysis = useClient(AnalysisService);
  const answer = useAnswer({
    key: ["edf", sweepIds, metric],
    revision,
    ask: (signal) => analysis.getEdf({ sweepIds: [...sweepIds], metric }, { signal }),
  });
  return (
    <Chart
      title={`Distribution of ${label}`}
      answer={answer}
      empty={({ objectives }) =>
        objectives.length === 0 ? <p>No run of these sweeps has finished yet.</p> : undefined
      }
      table={({ objectives, curves }) => ({
        head: [label, ...curves.map(({ sweepId, name }) => `${name} (${sweepId})`)],
        rows: objectives.map((objective, index) => [
          objective,
          ...curves.map(({ shares }) => shares[index]),
        ]),
      })}
    >
      {(data) => <EdfPlot data={data} ids={ids} label={label} goal={goal} />}
    </Chart>
  );
}

interface EdfPlotProps extends Pick<ProgressPlotProps, "ids" | "label" | "goal"> {
  readonly data: GetEdfResponse;
}

function EdfPlot({ data, ids, label, goal }: EdfPlotProps) {
  const plot = useMemo(() => {
    const courses = data.curves
      .filter(({ finishedRuns }) => finishedRuns > 0n)
      .map(
        ({ sweepId, name, shares }): Course => ({
          id: sweepId,
          name: name || sweepId,
          place: ids.indexOf(sweepId),
          xs: data.objectives,
          ys: shares,
        }),
      );
    const labels = { x: label, y: "share of finished runs with at most this value" };
    const axes = courseAxes(courses, labels, false);
    const [min = 0, max = 1] = [data.objectives[0], data.objectives.at(-1)];
    return { courses, x: { ...axes.x, min, max }, y: { ...axes.y, min: 0, max: 1 } };
  }, [data, ids, label]);
  return (
    <CoursePlot
      label={`The share of finished runs whose ${label} is at most a value, of ${plot.courses.length} sweeps`}
      plot={plot}
      isAscending={goal === "maximize"}
    />
  );
}
