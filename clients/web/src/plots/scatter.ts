import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import type { Rgb } from "./densityPalette";
import { type Palette, rankColors, rgbOf } from "./palette";
import { paintPoints, pointStyle, TOP_POINT_LEVEL } from "./points";

/** Points on two axes. */
export interface Scatter {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  /** For each point 0 for the best to 1 for the worst; one color for all if absent. */
  readonly ranks?: ArrayLike<number>;
  /** The height of the canvas; 240 by default. */
  readonly height?: number;
  /** The color of points without ranks, as the page's theme resolves it. */
  readonly color?: string;
}

/** Where the points are on their canvas, in CSS pixels; NaN for those without a place. */
export interface PointPlaces {
  readonly area: Area;
  readonly xs: Float32Array;
  readonly ys: Float32Array;
}

const HEIGHT = 240;

/** Draws points; those without a value on an axis are left out. The best are drawn last. */
export function drawScatter(
  canvas: HTMLCanvasElement,
  width: number,
  scatter: Scatter,
  palette: Palette,
): PointPlaces | undefined {
  const height = scatter.height ?? HEIGHT;
  const context = prepare(canvas, width, height);
  if (context === null) return undefined;
  const area = plotArea(width, height);
  drawAxes(context, area, scatter.x, scatter.y, palette);
  const places = placesOf(area, scatter);
  drawPoints(context, places, scatter, palette);
  return places;
}

/** Returns the area that the axes leave of a canvas. */
export function plotArea(width: number, height: number): Area {
  const left = width < 420 ? 52 : 72;
  return { left, top: 26, width: Math.max(width - left - 12, 50), height: height - 70 };
}

/** Returns where points are within an area. */
export function placesOf(area: Area, { x, y, xs, ys }: Scatter): PointPlaces {
  const places = { area, xs: new Float32Array(xs.length), ys: new Float32Array(xs.length) };
  for (let index = 0; index < xs.length; index++) {
    const across = shareOf(xs[index] ?? Number.NaN, x) + spreadOf(index, x, area.width);
    const up = shareOf(ys[index] ?? Number.NaN, y) + spreadOf(index * 7 + 3, y, area.height);
    places.xs[index] = area.left + across * area.width;
    places.ys[index] = area.top + (1 - up) * area.height;
  }
  return places;
}

/** Draws points at their places. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  { area, xs, ys }: PointPlaces,
  { ranks, color }: Pick<Scatter, "ranks" | "color">,
  palette: Palette,
): void {
  const ratio = window.devicePixelRatio || 1;
  // Points on the edge of the area reach beyond it.
  const room = 4;
  const [left, top] = [area.left - room, area.top - room];
  const width = Math.ceil((area.width + 2 * room) * ratio);
  const height = Math.ceil((area.height + 2 * room) * ratio);
  const { radius, opacity } = pointStyle(xs.length);
  const pixels = paintPoints({
    width,
    height,
    xs: xs.map((x) => (x - left) * ratio),
    ys: ys.map((y) => (y - top) * ratio),
    levels: levelsOf(xs.length, ranks),
    colors: ranks === undefined ? oneColor(color ?? palette.accent) : rankColors(palette),
    radius: radius * ratio,
    opacity,
  });
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [width, height];
  layer.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  context.drawImage(layer, left, top, width / ratio, height / ratio);
}

function levelsOf(count: number, ranks: ArrayLike<number> | undefined): Uint8Array {
  const levels = new Uint8Array(count);
  if (ranks === undefined) return levels;
  for (let index = 0; index < count; index++) {
    levels[index] = Math.round((1 - (ranks[index] ?? 1)) * TOP_POINT_LEVEL);
  }
  return levels;
}

function oneColor(color: string): readonly Rgb[] {
  return [rgbOf(color)];
}

/** Points of a category, or of a whole number, stand beside each other, at places that stay the same. */
function spreadOf(
  index: number,
  { categories, isWhole, min, max }: PlotAxis,
  size: number,
): number {
  const places = isWhole === true ? max - min : categories.length;
  if (places <= 0) return 0;
  const golden = (index * 0.618034) % 1;
  return ((golden - 0.5) * Math.min((size / places) * 0.6, 60)) / Math.max(size, 1);
}
