import { drawAxes, type PlotAxis, prepare } from "./area";
import { strokeLine } from "./lineStroke";
import type { Palette } from "./palette";
import { drawPoints, type PointPlaces, placesOf, plotArea } from "./scatter";

/** The objectives of runs by number, and the best one so far. */
export interface HistoryDrawing {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly numbers: ArrayLike<number>;
  readonly objectives: Float64Array;
  readonly best: Float64Array;
}

const HEIGHT = 300;

/** Draws the runs as points and the best objective so far as a line. */
export function drawHistory(
  canvas: HTMLCanvasElement,
  width: number,
  { x, y, numbers, objectives, best }: HistoryDrawing,
  palette: Palette,
): PointPlaces | undefined {
  const context = prepare(canvas, width, HEIGHT);
  if (context === null) return undefined;
  const area = plotArea(width, HEIGHT);
  drawAxes(context, area, x, y, palette);
  const places = placesOf(area, { x, y, xs: numbers, ys: objectives });
  drawPoints(context, places, { color: palette.faint }, palette);
  const end = { x: x.max, best: best.at(-1) ?? Number.NaN };
  strokeLine(context, area, x, y, {
    xs: [...numbersOf(numbers), end.x],
    ys: [...best, end.best],
    shape: "steps",
    color: palette.accent,
    width: 2.5,
  });
  return places;
}

function numbersOf(numbers: ArrayLike<number>): number[] {
  return Array.from(numbers);
}
