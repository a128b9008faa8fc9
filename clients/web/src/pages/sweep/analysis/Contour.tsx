import { useCallback } from "react";
import { AxisScale } from "../../../gen/wanllmdb/api/registry/v1/plots_pb";
import type {
  GetContourResponse,
  ParameterColumn,
} from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { AnalysisService } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { nameOf, type PlotAxis } from "../../../plots/area";
import { bandsOf, drawContour } from "../../../plots/contourDrawing";
import { cssOf } from "../../../plots/densityPalette";
import { objectiveAxis } from "../../../plots/objectiveAxis";
import type { Palette } from "../../../plots/palette";
import { pointMarks } from "../../../plots/pointMarks";
import { useClient } from "../../../rpc/context";
import { formatCount, formatValue } from "../../../store/format";
import type { Column } from "../../../store/runTable";
import { formatParameter } from "../../../store/sweeps";
import { Chart } from "../../../ui/Chart";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnswer } from "../../../ui/useAnswer";
import { AllRunsNote } from "../charts/AllRunsNote";
import { useCurrentSweep } from "../sweepContext";
import { useAnalysis, useAnalysisSearch, useOpenRun } from "./analysisContext";
import { Nothing } from "./Nothing";
import { OneParameter, useParameterPair } from "./useParameterPair";

/** With 100,000 runs, the surface takes the server a while. */
const TIMEOUT_MS = 120_000;
const RESOLUTION = 80;

/** The objective over two parameters, as filled levels. */
export function Contour() {
  const { table } = useAnalysis();
  const { x, y, choice } = useParameterPair();
  if (table === undefined) return <div className="skeleton" />;
  if (x === undefined || y === undefined) return <OneParameter />;
  return (
    <>
      {choice}
      <PairContour x={x} y={y} />
      <AllRunsNote />
    </>
  );
}

function PairContour({ x, y }: { x: Column; y: Column }) {
  const { sweepId, revision } = useCurrentSweep();
  const { metric } = useAnalysis();
  const analysis = useClient(AnalysisService);
  const request = { sweepId, metric, xParameter: x.name, yParameter: y.name };
  const answer = useAnswer({
    key: ["contour", sweepId, metric, x.name, y.name],
    revision,
    ask: (signal) =>
      analysis.getContour(
        { ...request, resolution: RESOLUTION },
        { signal, timeoutMs: TIMEOUT_MS },
      ),
  });
  return (
    <Chart
      title="Contour"
      answer={answer}
      empty={({ runNumbers }) => (runNumbers.length === 0 ? <Nothing /> : undefined)}
      table={(data) => ({
        head: ["run", x.name, y.name, metric],
        rows: data.runNumbers.map((number, index) => [
          number,
          cellOf(data.x, index),
          cellOf(data.y, index),
          data.objectives[index],
        ]),
      })}
    >
      {(data) => <Levels data={data} />}
    </Chart>
  );
}

function cellOf(column: ParameterColumn | undefined, index: number): string | number | undefined {
  const axis = axisOf(column);
  const value = column?.values[index] ?? Number.NaN;
  return axis.categories.length > 0 ? nameOf(value, axis) : value;
}

function axisOf(column: ParameterColumn | undefined): PlotAxis {
  const axis = column?.axis;
  return {
    label: axis?.name ?? "",
    min: axis?.min ?? 0,
    max: axis?.max ?? 1,
    isLog: axis?.scale === AxisScale.LOG,
    categories: axis?.categories.map(formatParameter) ?? [],
  };
}

function Levels({ data }: { data: GetContourResponse }) {
  const { metric, goal } = useAnalysis();
  const { search } = useAnalysisSearch();
  const { scale = "linear" } = search;
  const finished = useCurrentSweep().stats?.finishedRuns ?? 0n;
  const open = useOpenRun();
  const isMaximized = goal === "maximize";
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) => {
      const [x, y] = [axisOf(data.x), axisOf(data.y)];
      const { objectives, xPositions, yPositions, surface: values } = data;
      const drawing = {
        surface: { x, y, xPositions, yPositions, values },
        objective: objectiveAxis(metric, values, scale),
        isMaximized,
        xs: data.x?.values ?? [],
        ys: data.y?.values ?? [],
      };
      const places = drawContour(canvas, width, drawing, objectives, palette);
      return (
        places &&
        pointMarks(places, (point) => ({
          title: `Run ${data.runNumbers[point]}`,
          run: Number(data.runNumbers[point]),
          facts: [
            [x.label, nameOf(drawing.xs[point] ?? Number.NaN, x)],
            [y.label, nameOf(drawing.ys[point] ?? Number.NaN, y)],
            [metric, formatValue(objectives[point] ?? Number.NaN)],
          ],
        }))
      );
    },
    [data, metric, scale, isMaximized],
  );
  const bands = bandsOf(objectiveAxis(metric, data.surface, scale), isMaximized);
  return (
    <>
      <PlotCanvas
        label={`${metric} over ${data.x?.axis?.name} and ${data.y?.axis?.name}, from ${formatCount(data.runNumbers.length)} runs`}
        draw={draw}
        onOpen={open}
      />
      <ol className="levels" aria-label={`Colors of ${metric}`}>
        {bands.map(({ from, to, color }) => (
          <li key={String(from)}>
            <span className="swatch" style={{ background: cssOf(color) }} />
            {bandText(from, to)}
          </li>
        ))}
      </ol>
      <p className="faint">
        Points are {formatCount(data.runNumbers.length)} of {formatCount(finished)} finished runs;
        between them the surface is interpolated. Bright is better.
      </p>
    </>
  );
}

function bandText(from: number | undefined, to: number | undefined): string {
  if (from === undefined) return to === undefined ? "all values" : `below ${formatValue(to)}`;
  return to === undefined
    ? `from ${formatValue(from)}`
    : `${formatValue(from)} – ${formatValue(to)}`;
}
