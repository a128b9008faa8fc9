import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import { strokeLine } from "./lineStroke";
import type { Palette } from "./palette";
import { plotArea } from "./scatter";

/** How a run's curve ends. */
export type CurveEnd = "finished" | "stopped" | "failed" | "running";

export interface CurveLine {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly color: string;
  readonly end: CurveEnd;
}

/** A rung: a vertical line, with the value that a run needs there. */
export interface RungLine {
  readonly x: number;
  readonly cut: number | undefined;
  readonly label: string;
}

export interface CurvesDrawing {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly lines: readonly CurveLine[];
  readonly rungs: readonly RungLine[];
  readonly course: { readonly xs: readonly number[]; readonly ys: readonly number[] };
  readonly levels: readonly { readonly label: string; readonly value: number }[];
  /** Whether large values are the better ones. */
  readonly isUpGood: boolean;
}

const HEIGHT = 340;

/** Draws learning curves with the lines of early termination, and returns their area. */
export function drawCurves(
  canvas: HTMLCanvasElement,
  width: number,
  { x, y, lines, rungs, course, levels, isUpGood }: CurvesDrawing,
  palette: Palette,
): Area | undefined {
  const context = prepare(canvas, width, HEIGHT);
  if (context === null) return undefined;
  const area = plotArea(width, HEIGHT);
  drawAxes(context, area, x, y, palette);
  const opacity = lines.length > 20 ? 0.55 : 0.9;
  for (const { xs, ys, color } of lines) {
    strokeLine(context, area, x, y, { xs, ys, color, shape: "line", width: 1.6, opacity });
  }
  for (const line of lines) drawEnd(context, area, x, y, line, palette);
  const dashed = { color: palette.text, shape: "line", width: 2, dash: [6, 4] } as const;
  strokeLine(context, area, x, y, { ...course, ...dashed });
  for (const { value, label } of levels) {
    strokeLine(context, area, x, y, { xs: [x.min, x.max], ys: [value, value], ...dashed });
    drawLabel(context, area, area.left + 4, topOf(area, y, value) - 4, label, palette);
  }
  for (const rung of rungs) {
    if (rung.x < x.min || rung.x > x.max) continue;
    drawRung(context, area, x, y, rung, palette);
    const left = area.left + shareOf(rung.x, x) * area.width + 4;
    const bottom = isUpGood ? area.top + area.height - 4 : area.top + 16;
    drawLabel(context, area, left, bottom, rung.label, palette);
  }
  return area;
}

function topOf(area: Area, y: PlotAxis, value: number): number {
  return area.top + (1 - shareOf(value, y)) * area.height;
}

function drawEnd(
  context: CanvasRenderingContext2D,
  area: Area,
  x: PlotAxis,
  y: PlotAxis,
  { xs, ys, color, end }: CurveLine,
  palette: Palette,
): void {
  const last = ys.findLastIndex((value) => Number.isFinite(value));
  const left = area.left + shareOf(xs[last] ?? Number.NaN, x) * area.width;
  const top = topOf(area, y, ys[last] ?? Number.NaN);
  if (!Number.isFinite(left) || !Number.isFinite(top)) return;
  context.strokeStyle = end === "failed" ? palette.danger : color;
  context.fillStyle = color;
  context.lineWidth = 2.5;
  context.beginPath();
  if (end === "finished") {
    context.arc(left, top, 2.5, 0, 2 * Math.PI);
    context.fill();
  } else if (end === "running") {
    context.moveTo(left - 3, top - 5);
    context.lineTo(left + 6, top);
    context.lineTo(left - 3, top + 5);
    context.fill();
  } else if (end === "stopped") {
    context.moveTo(left, top - 6);
    context.lineTo(left, top + 6);
    context.stroke();
  } else {
    context.moveTo(left - 4, top - 4);
    context.lineTo(left + 4, top + 4);
    context.moveTo(left + 4, top - 4);
    context.lineTo(left - 4, top + 4);
    context.stroke();
  }
}

function drawRung(
  context: CanvasRenderingContext2D,
  area: Area,
  x: PlotAxis,
  y: PlotAxis,
  { x: at, cut }: RungLine,
  palette: Palette,
): void {
  const left = area.left + shareOf(at, x) * area.width;
  context.save();
  context.strokeStyle = palette.warn;
  context.lineWidth = 1.25;
  context.setLineDash([4, 4]);
  context.beginPath();
  context.moveTo(left, area.top);
  context.lineTo(left, area.top + area.height);
  context.stroke();
  context.restore();
  if (cut !== undefined) {
    const top = Math.min(Math.max(topOf(area, y, cut), area.top), area.top + area.height);
    context.fillStyle = palette.warn;
    context.strokeStyle = palette.surface;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(left, top - 6);
    context.lineTo(left + 6, top);
    context.lineTo(left, top + 6);
    context.lineTo(left - 6, top);
    context.closePath();
    context.fill();
    context.stroke();
  }
}

/** Texts stand on the page's ground so that lines below them do not cross them. */
function drawLabel(
  context: CanvasRenderingContext2D,
  area: Area,
  left: number,
  bottom: number,
  text: string,
  palette: Palette,
): void {
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "bottom";
  const { width } = context.measureText(text);
  const place = Math.min(left, area.left + area.width - width - 2);
  context.globalAlpha = 0.85;
  context.fillStyle = palette.surface;
  context.fillRect(place - 2, bottom - 13, width + 4, 14);
  context.globalAlpha = 1;
  context.fillStyle = palette.warn;
  context.fillText(text, place, bottom);
}
