import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import { type PlotLine, strokeLine } from "./lineStroke";
import type { Palette } from "./palette";
import { plotArea } from "./scatter";

const HEIGHT = 260;

/** Draws lines on two axes, and returns the area that they are in. */
export function drawOnAxes(
  canvas: HTMLCanvasElement,
  width: number,
  axes: { readonly x: PlotAxis; readonly y: PlotAxis },
  lines: readonly PlotLine[],
  palette: Palette,
): Area | undefined {
  const context = prepare(canvas, width, HEIGHT);
  if (context === null) return undefined;
  const area = plotArea(width, HEIGHT);
  drawAxes(context, area, axes.x, axes.y, palette);
  for (const line of lines) strokeLine(context, area, axes.x, axes.y, line);
  return area;
}

/** Returns the places of points on two axes, in CSS pixels. */
export function pointPlaces(
  area: Area,
  { x, y }: { readonly x: PlotAxis; readonly y: PlotAxis },
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
): { xs: Float32Array; ys: Float32Array } {
  return {
    xs: Float32Array.from(xs, (value) => area.left + shareOf(value, x) * area.width),
    ys: Float32Array.from(ys, (value) => area.top + (1 - shareOf(value, y)) * area.height),
  };
}
