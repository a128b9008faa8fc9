import { formatValue } from "../store/format";
import type { Direction } from "../store/matchingRows";
import type { PointColors } from "../store/pointColors";
import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import { cssOf } from "./densityPalette";
import { drawLegend, legendHeight, shortened } from "./legend";
import { addMarker } from "./markers";
import type { Palette } from "./palette";
import { colorBy, isDark, legendOf, markerOf } from "./pointPalette";
import { drawRaster } from "./pointRaster";

/** The runs on two metrics, and their front. */
export interface ParetoPlot {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  /** Which end of each axis is the better one. */
  readonly goals: { readonly x: Direction; readonly y: Direction };
  /** For each row its place on each axis, 0 to 1; NaN without a value. */
  readonly lefts: Float32Array;
  readonly tops: Float32Array;
  /** 1 for each row that is drawn. */
  readonly mask: Uint8Array;
  readonly colors?: PointColors;
  /** What the colors mean. */
  readonly colorName?: string;
  /** The rows on the front of all metrics. */
  readonly front: Uint32Array;
  /** Of these rows, those that no run which the filter leaves out dominates. */
  readonly unbeaten: ReadonlySet<number>;
  /** The corners of the front's line, as values. */
  readonly steps: readonly (readonly [x: number, y: number])[];
  readonly targets: { readonly x: number | undefined; readonly y: number | undefined };
}

/** More points than these are drawn as their density. */
const MOST_POINTS = 10_000;
const HEIGHT = 420;
const BETTER = { minimize: "lower is better", maximize: "higher is better" } as const;

/** Returns where the points are on a canvas of a width. */
export function paretoArea(width: number): Area {
  return { left: 72, top: 26, width: Math.max(width - 88, 50), height: HEIGHT - 70 };
}

/** Returns the place of each row on an axis. */
export function placesOf(axis: PlotAxis, values: Float64Array, count: number): Float32Array {
  const places = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    const value = values[row] ?? Number.NaN;
    places[row] = Number.isFinite(value) ? shareOf(value, axis) : Number.NaN;
  }
  return places;
}

/** Draws the runs, the line of the front in the two metrics, and the runs on the front. */
export function drawPareto(
  canvas: HTMLCanvasElement,
  width: number,
  plot: ParetoPlot,
  palette: Palette,
): void {
  const legend = legendOf(plot.colors, plot.colorName ?? "", isDark(palette));
  const context = prepare(canvas, width, HEIGHT + legendHeight(legend, width - 16));
  if (context === null) return;
  const area = paretoArea(width);
  const most = Math.max(Math.floor(area.width / 6.5) - 18, 12);
  const x = { ...plot.x, label: `${shortened(plot.x.label, most)}, ${BETTER[plot.goals.x]}` };
  const y = { ...plot.y, label: `${shortened(plot.y.label, most)}, ${BETTER[plot.goals.y]}` };
  drawAxes(context, area, x, y, palette);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  drawTargets(context, area, plot, palette);
  drawPoints(context, area, plot, isDark(palette));
  drawSteps(context, area, plot, palette);
  drawFront(context, area, plot, palette);
  context.restore();
  drawLegend(context, legend, 8, HEIGHT, width - 16, palette);
}

/** Draws the runs and their front without axes. */
export function drawThumbnail(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  plot: ParetoPlot,
  palette: Palette,
): void {
  const context = prepare(canvas, width, height);
  if (context === null) return;
  const area: Area = { left: 4, top: 4, width: width - 8, height: height - 8 };
  drawRaster(context, area, plot, 1.5, colorBy(undefined, isDark(palette)));
  context.fillStyle = palette.accent;
  context.beginPath();
  for (const row of plot.front) {
    const [left, top] = placeIn(area, plot, row);
    if (!Number.isNaN(left + top)) addMarker(context, 0, left, top, 1.75);
  }
  context.fill();
}

/** Returns where a row is on the canvas. */
export function placeIn(
  { left, top, width, height }: Area,
  { lefts, tops }: Pick<ParetoPlot, "lefts" | "tops">,
  row: number,
): [left: number, top: number] {
  return [
    left + (lefts[row] ?? Number.NaN) * width,
    top + (1 - (tops[row] ?? Number.NaN)) * height,
  ];
}

function drawPoints(
  context: CanvasRenderingContext2D,
  area: Area,
  plot: ParetoPlot,
  dark: boolean,
): void {
  const { mask, colors } = plot;
  const colorOf = colorBy(colors, dark);
  let count = 0;
  for (let row = 0; row < mask.length; row++) count += mask[row] ?? 0;
  if (count > MOST_POINTS) {
    drawRaster(context, area, plot, 3, colorOf);
    return;
  }
  context.globalAlpha = colors === undefined ? 0.55 : 0.8;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const [left, top] = placeIn(area, plot, row);
    if (Number.isNaN(left + top)) continue;
    context.fillStyle = cssOf(colorOf(row));
    context.beginPath();
    addMarker(
      context,
      markerOf(plot.colors, row),
      left,
      top,
      count > 3_000 ? 2 : count > 1_000 ? 2.25 : 3,
    );
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawSteps(
  context: CanvasRenderingContext2D,
  { left, top, width, height }: Area,
  { x, y, steps }: ParetoPlot,
  palette: Palette,
): void {
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.75;
  context.beginPath();
  for (const [valueX, valueY] of steps) {
    context.lineTo(left + shareOf(valueX, x) * width, top + (1 - shareOf(valueY, y)) * height);
  }
  context.stroke();
}

function drawFront(
  context: CanvasRenderingContext2D,
  area: Area,
  plot: ParetoPlot,
  palette: Palette,
): void {
  const radius = plot.front.length > 200 ? 3 : 4.5;
  const colorOf = colorBy(plot.colors, isDark(palette));
  context.lineWidth = 1.75;
  for (const row of plot.front) {
    const [left, top] = placeIn(area, plot, row);
    if (Number.isNaN(left + top)) continue;
    context.beginPath();
    addMarker(context, markerOf(plot.colors, row), left, top, radius);
    const isFilled = plot.unbeaten.has(row);
    const own = plot.colors === undefined ? palette.accent : cssOf(colorOf(row));
    context.fillStyle = isFilled ? own : palette.surface;
    context.fill();
    context.strokeStyle = isFilled ? palette.text : palette.accent;
    context.stroke();
  }
}

function drawTargets(
  context: CanvasRenderingContext2D,
  { left, top, width, height }: Area,
  { x, y, targets }: ParetoPlot,
  palette: Palette,
): void {
  context.save();
  context.strokeStyle = palette.good;
  context.fillStyle = palette.good;
  context.lineWidth = 1.25;
  context.setLineDash([5, 4]);
  context.font = "11px system-ui, sans-serif";
  if (targets.x !== undefined) {
    const place = left + shareOf(targets.x, x) * width;
    line(context, place, top, place, top + height);
    const isRight = place > left + width * 0.7;
    context.textAlign = isRight ? "right" : "left";
    context.fillText(`target ${formatValue(targets.x)}`, place + (isRight ? -4 : 4), top + 14);
  }
  if (targets.y !== undefined) {
    const place = top + (1 - shareOf(targets.y, y)) * height;
    line(context, left, place, left + width, place);
    context.textAlign = "right";
    const isTop = place < top + 24;
    context.fillText(
      `target ${formatValue(targets.y)}`,
      left + width - 4,
      place + (isTop ? 14 : -5),
    );
  }
  context.restore();
}

function line(
  context: CanvasRenderingContext2D,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): void {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
