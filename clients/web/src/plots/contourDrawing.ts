import { drawAxes, type PlotAxis, prepare } from "./area";
import { bandOf, contourLevels, paintSurface, type Surface, sampleSurface } from "./contour";
import type { Rgb } from "./densityPalette";
import { type Palette, sequentialRgb } from "./palette";
import { type PointPlaces, placesOf, plotArea } from "./scatter";

/** The objective over two parameters, and the runs that it comes from. */
export interface ContourDrawing {
  readonly surface: Surface;
  readonly objective: PlotAxis;
  /** Whether large values are the better ones, which are bright. */
  readonly isMaximized: boolean;
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
}

const HEIGHT = 380;
const BANDS = 10;

/** A band of values and its color. */
export interface Band {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly color: Rgb;
}

/** Returns the bands of an objective, ascending. */
export function bandsOf(objective: PlotAxis, isMaximized: boolean): Band[] {
  const levels = contourLevels(objective, BANDS);
  return Array.from({ length: levels.length + 1 }, (_, band) => {
    const share = levels.length === 0 ? 0.5 : band / levels.length;
    return {
      from: levels[band - 1],
      to: levels[band],
      color: sequentialRgb(isMaximized ? share : 1 - share),
    };
  });
}

/** Draws a surface as filled levels, with the runs as points in the colors of their own values. */
export function drawContour(
  canvas: HTMLCanvasElement,
  width: number,
  { surface, objective, isMaximized, xs, ys }: ContourDrawing,
  objectives: ArrayLike<number>,
  palette: Palette,
): PointPlaces | undefined {
  const context = prepare(canvas, width, HEIGHT);
  if (context === null) return undefined;
  const area = plotArea(width, HEIGHT);
  // The grid is below the surface: on it, its lines would look like contours.
  drawAxes(context, area, surface.x, surface.y, palette);
  const levels = contourLevels(objective, BANDS);
  const colors = bandsOf(objective, isMaximized).map(({ color }) => color);
  const ratio = window.devicePixelRatio || 1;
  const [across, up] = [Math.round(area.width * ratio), Math.round(area.height * ratio)];
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [across, up];
  const pixels = paintSurface(sampleSurface(surface, across, up), levels, colors);
  layer.getContext("2d")?.putImageData(new ImageData(pixels, across, up), 0, 0);
  context.drawImage(layer, area.left, area.top, area.width, area.height);
  const places = placesOf(area, { x: surface.x, y: surface.y, xs, ys });
  const radius = xs.length > 400 ? 2 : 3;
  for (let point = 0; point < xs.length; point++) {
    const [red, green, blue] = colors[bandOf(levels, objectives[point] ?? Number.NaN)] ?? [0, 0, 0];
    context.beginPath();
    context.arc(places.xs[point] ?? 0, places.ys[point] ?? 0, radius, 0, 2 * Math.PI);
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fill();
    // A dark and a light ring: one of them is seen on any color.
    context.lineWidth = 1.75;
    context.strokeStyle = "rgb(255 255 255 / 0.8)";
    context.stroke();
    context.lineWidth = 0.75;
    context.strokeStyle = "rgb(20 23 28 / 0.9)";
    context.stroke();
  }
  return places;
}
