import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatValue } from "../store/format";
import type { Palette } from "./palette";

/** A series of a line chart: a value for each x, or null for none. */
export interface LineSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly shape: "line" | "steps" | "points";
  readonly color: string;
  /** Lengths of dashes and gaps in pixels; a full line without them. */
  readonly dash?: readonly number[];
}

/** What a line chart shows. */
export interface Lines {
  readonly xLabel: string;
  readonly yLabel: string;
  /** Ascending. */
  readonly x: readonly number[];
  readonly series: readonly LineSeries[];
  /** Vertical lines, for example where runs are compared. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  readonly isLog?: boolean;
  readonly hasLegend?: boolean;
}

export interface LineDrawing {
  readonly resize: (width: number) => void;
  readonly destroy: () => void;
}

const HEIGHT = 260;

/** Whether a logarithmic axis can show all values. */
export function mayBeLog(lines: Pick<Lines, "series">): boolean {
  return lines.series.every(({ values }) => values.every((value) => value === null || value > 0));
}

/** Draws a line chart into an element. */
export function drawLines(place: HTMLElement, lines: Lines, palette: Palette): LineDrawing {
  const font = "12px system-ui, sans-serif";
  const axis = {
    stroke: palette.faint,
    font,
    labelFont: font,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1 },
  };
  const plot = new UPlot(
    {
      width: Math.max(place.clientWidth, 200),
      height: HEIGHT,
      legend: { show: lines.hasLegend ?? true },
      // Zooming by a drag would hide runs without saying so.
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: false },
        y: lines.isLog && mayBeLog(lines) ? { distr: 3 } : {},
      },
      axes: [
        { ...axis, label: lines.xLabel, labelSize: 20 },
        {
          ...axis,
          label: lines.yLabel,
          labelSize: 20,
          size: 64,
          values: (_, ticks) =>
            ticks.map((tick) => (tick === null || tick === undefined ? "" : formatValue(tick))),
        },
      ],
      series: [
        { label: lines.xLabel, value: (_, value) => text(value) },
        ...lines.series.map((series): UPlot.Series => seriesOptions(series)),
      ],
      hooks: { draw: [(drawn) => drawMarks(drawn, lines, palette)] },
    },
    [[...lines.x], ...lines.series.map(({ values }) => [...values])] as UPlot.AlignedData,
    place,
  );
  return {
    resize: (width) => plot.setSize({ width: Math.max(width, 200), height: HEIGHT }),
    destroy: () => plot.destroy(),
  };
}

function text(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : formatValue(value);
}

function seriesOptions({ label, shape, color, dash }: LineSeries): UPlot.Series {
  const common = { label, stroke: color, value: (_: UPlot, value: number | null) => text(value) };
  if (shape === "points") {
    return { ...common, paths: () => null, points: { show: true, size: 5, fill: color, width: 0 } };
  }
  const paths = shape === "steps" ? UPlot.paths.stepped?.({ align: 1 }) : UPlot.paths.linear?.();
  return {
    ...common,
    width: 2,
    spanGaps: true,
    points: { show: false },
    ...(dash === undefined ? {} : { dash: [...dash] }),
    ...(paths === undefined ? {} : { paths }),
  };
}

function drawMarks(plot: UPlot, { marks = [] }: Lines, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = palette.warn;
  ctx.fillStyle = palette.warn;
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { x, label } of marks) {
    const left = plot.valToPos(x, "x", true);
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, left + 3 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}
