import { useCallback, useMemo } from "react";
import { RunState } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import type { PlotAxis } from "../../../plots/area";
import { type CurveEnd, drawCurves } from "../../../plots/curvesDrawing";
import { pointPlaces } from "../../../plots/distribution";
import { pathOf } from "../../../plots/marks";
import { objectiveAxis, padded } from "../../../plots/objectiveAxis";
import { LINE_COLORS, type Palette } from "../../../plots/palette";
import { pointMarks } from "../../../plots/pointMarks";
import { formatCount, formatValue } from "../../../store/format";
import { type Curve, type CurveAxis, curvePlaces } from "../../../store/learningCurves";
import { runStateName } from "../../../store/runStates";
import { type Rung, type StopRule, stepOfIteration } from "../../../store/stopRule";
import { formatSeconds } from "../../../store/times";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnalysis, useAnalysisSearch, useOpenRun } from "./analysisContext";
import { ScaleNote } from "./ScaleNote";

const ENDS: Record<number, CurveEnd> = {
  [RunState.RUNNING]: "running",
  [RunState.QUEUED]: "running",
  [RunState.PRUNED]: "stopped",
  [RunState.CANCELED]: "stopped",
  [RunState.FAILED]: "failed",
  [RunState.LOST]: "failed",
};

const AXIS_NAMES: Record<CurveAxis, string> = {
  step: "step",
  iteration: "iteration",
  time: "time since the run's start",
};

interface Props {
  readonly curves: readonly Curve[];
  /** The runs that the rule compares. */
  readonly compared: readonly Curve[];
  readonly metric: string;
  readonly by: CurveAxis;
  readonly rule: StopRule | undefined;
}

/** Learning curves on a canvas, with what they mean below. */
export function CurvePlot({ curves, compared, metric, by, rule }: Props) {
  const { search } = useAnalysisSearch();
  const { scale = "linear" } = search;
  const { goal } = useAnalysis();
  const open = useOpenRun();
  const colors = useMemo(() => colorsOf(curves), [curves]);
  const x = useMemo(() => axisOf(curves, by), [curves, by]);
  const rungs = useMemo(
    () => rungLines(rule, compared, by).filter((rung) => rung.x <= x.max),
    [rule, compared, by, x],
  );
  const y = useMemo(() => {
    const cuts = rungs.flatMap(({ cut }) => cut ?? []);
    const values = [...curves.flatMap((curve) => curve.values), ...cuts];
    return padded(objectiveAxis(metric, values, scale));
  }, [curves, rungs, metric, scale]);
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) => {
      const lines = curves.map((curve, index) => ({
        xs: curvePlaces(curve, by),
        ys: curve.values,
        color: colors?.[index] ?? palette.accent,
        end: ENDS[curve.state] ?? "finished",
      }));
      const isByStep = by === "step";
      const course = isByStep ? (rule?.course ?? []) : [];
      const area = drawCurves(
        canvas,
        width,
        {
          x,
          y,
          lines,
          rungs,
          course: {
            xs: course.map(({ at }) => at),
            ys: course.map(({ cut }) => cut ?? Number.NaN),
          },
          levels: rule?.levels ?? [],
          // The texts of rungs stand where bad runs are: there are fewer curves.
          isUpGood: goal === "maximize",
        },
        palette,
      );
      if (area === undefined) return undefined;
      const points = lines.flatMap((line, curve) =>
        line.xs.map((place, index) => ({ curve, place, value: line.ys[index] ?? Number.NaN })),
      );
      // Where each curve's points begin among all of them.
      const firsts = [0];
      for (const line of lines) firsts.push((firsts.at(-1) ?? 0) + line.xs.length);
      const places = pointPlaces(
        area,
        { x, y },
        points.map(({ place }) => place),
        points.map(({ value }) => value),
      );
      return pointMarks({ area, ...places }, (point) => {
        const { curve = 0, place = 0, value = Number.NaN } = points[point] ?? {};
        const run = curves[curve];
        const first = firsts[curve] ?? 0;
        const end = first + (run?.values.length ?? 0);
        return {
          path: pathOf(places.xs.subarray(first, end), places.ys.subarray(first, end)),
          title: `Run ${run?.number}`,
          run: run?.number ?? 0,
          facts: [
            [AXIS_NAMES[by], by === "time" ? formatSeconds(place) : formatCount(place)],
            [metric, formatValue(value)],
            ["state", runStateName(run?.state ?? 0) ?? "unknown"],
          ],
        };
      });
    },
    [curves, metric, by, rule, rungs, x, y, goal, colors],
  );
  return (
    <>
      <PlotCanvas
        label={`${metric} of ${formatCount(curves.length)} runs by ${AXIS_NAMES[by]}`}
        draw={draw}
        onOpen={open}
      />
      <p className="plot-legend">
        {colors !== undefined &&
          curves.map(({ number }, index) => (
            <span key={number} className="key-run">
              <span className="swatch" style={{ background: colors[index] }} />
              run {number}
            </span>
          ))}
        <span>● finished</span>
        <span>▶ running</span>
        <span>| stopped</span>
        <span>✕ failed</span>
      </p>
      <ScaleNote axis={y} />
      {rule !== undefined && <RuleText rule={rule} by={by} />}
    </>
  );
}

function RuleText({ rule, by }: { rule: StopRule; by: CurveAxis }) {
  const hasLines = rule.rungs.length > 0 || rule.course.length > 0;
  return (
    <div className="chart-note">
      <p>
        <strong>{rule.title}.</strong> {rule.text}
        {by === "time" && hasLines && " Choose step or iteration across to see its lines."}
      </p>
      {rule.rungs.some(({ cut }) => cut !== undefined) && (
        <ul className="rungs">
          {rule.rungs.map((rung) => (
            <li key={rung.at}>{rungText(rung, rule.unit)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function rungText({ at, cut, compared }: Rung, unit: StopRule["unit"]): string {
  const runs = compared === 1 ? "1 run" : `${formatCount(compared)} runs`;
  const needed = cut === undefined ? "nothing to compare yet" : `needs ${formatValue(cut)}`;
  return `${unit} ${formatCount(at)}: ${needed}${cut === undefined ? "" : `, of ${runs}`}`;
}

/** Returns a color for each curve, which the run keeps when others join it, if they are few. */
function colorsOf(curves: readonly Curve[]): readonly string[] | undefined {
  const most = LINE_COLORS.length;
  if (curves.length > most) return undefined;
  const byNumber = curves.map(({ number }) => number % most);
  const areDistinct = new Set(byNumber).size === curves.length;
  return curves.map((_, index) => LINE_COLORS[(areDistinct ? byNumber[index] : index) ?? 0] ?? "");
}

function axisOf(curves: readonly Curve[], by: CurveAxis): PlotAxis {
  const [min, max] = extentOf(curves.flatMap((curve) => curvePlaces(curve, by)));
  return {
    label: AXIS_NAMES[by],
    min: by === "time" ? 0 : min,
    max: by === "time" ? Math.max(max, 0.1) : Math.max(max, min + 1),
    isLog: false,
    categories: [],
    ...(by === "time" ? { format: formatSeconds } : { isWhole: true }),
  };
}

/** Returns the rungs where the axis shows them. */
function rungLines(rule: StopRule | undefined, compared: readonly Curve[], by: CurveAxis) {
  if (rule === undefined || by === "time") return [];
  // Steps of one run are iterations of another, so that only the rule's own unit has exact places.
  if (rule.unit === "step" && by === "iteration") return [];
  return rule.rungs.flatMap(({ at, cut }) => {
    const x = rule.unit === "iteration" && by === "step" ? stepOfIteration(compared, at) : at;
    if (x === undefined) return [];
    const label = `rung ${at}${cut === undefined ? "" : `: ${formatValue(cut)}`}`;
    return [{ x, cut, label }];
  });
}

function extentOf(values: readonly number[]): [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min > max ? [0, 1] : [min, max];
}
