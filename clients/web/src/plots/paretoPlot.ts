import { formatValue } from "../store/format";
import type { PointColours } from "../store/pointColours";
import type { Direction } from "../store/runFilter";
import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import { colourAt, cssOf, DARK, LIGHT, type Rgb } from "./densityPalette";
import { drawLegend, type LegendEntry, legendHeight, shortened } from "./legend";
import { addMarker } from "./markers";
import { LINE_COLORS, type Palette } from "./palette";
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
  readonly colours?: PointColours;
  /** What the colours mean. */
  readonly colourName?: string;
  /** The rows on the front of all metrics. */
  readonly front: Uint32Array;
  /** Of these rows, those that no run which the filter leaves out dominates. */
  readonly unbeaten: ReadonlySet<number>;
  /** The corners of the front's line, as values. */
  readonly steps: readonly (readonly [x: number, y: number])[];
  readonly targets: { readonly x: number | undefined; readonly y: number | undefined };
}

/** More points than these are drawn as their density. */
const MOST_POINTS = 4_000;
const HEIGHT = 420;
const BETTER = { minimize: "lower is better", maximize: "higher is better" } as const;
const NO_COLOUR = { light: [120, 130, 145], dark: [140, 152, 170] } as const;

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
  const legend = legendOf(plot, isDark(palette));
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
  const colour: Rgb = isDark(palette) ? NO_COLOUR.dark : NO_COLOUR.light;
  drawRaster(context, area, plot, 1.5, () => colour);
  context.fillStyle = palette.accent;
  context.beginPath();
  for (const row of plot.front) {
    const [left, top] = placeIn(area, plot, row);
    if (!Number.isNaN(left + top)) addMarker(context, 0, left, top, 1.75);
  }
  context.fill();
}

/** Whether the page's theme is dark. */
export function isDark({ surface }: Palette): boolean {
  const [red = 255, green = 255, blue = 255] = (surface.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue < 384;
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
  const { mask, colours } = plot;
  const colourOf = colourBy(colours, dark);
  let count = 0;
  for (let row = 0; row < mask.length; row++) count += mask[row] ?? 0;
  if (count > MOST_POINTS) {
    drawRaster(context, area, plot, 2, colourOf);
    return;
  }
  context.globalAlpha = colours === undefined ? 0.55 : 0.8;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const [left, top] = placeIn(area, plot, row);
    if (Number.isNaN(left + top)) continue;
    context.fillStyle = cssOf(colourOf(row));
    context.beginPath();
    addMarker(context, markerOf(plot, row), left, top, count > 1_000 ? 2.25 : 3);
    context.fill();
  }
  context.globalAlpha = 1;
}

function colourBy(colours: PointColours | undefined, dark: boolean): (row: number) => Rgb {
  const palette = dark ? DARK : LIGHT;
  if (colours === undefined) return () => (dark ? NO_COLOUR.dark : NO_COLOUR.light);
  if (colours.kind === "range") {
    // A colour for each of 64 shares is made once, and not for each run.
    const ramp = Array.from({ length: 65 }, (_, index) => colourAt(palette, index / 64));
    return (row) => {
      const share = colours.shares[row] ?? Number.NaN;
      if (Number.isNaN(share)) return palette.missing;
      return ramp[Math.round(Math.min(Math.max(share, 0), 1) * 64)] ?? palette.missing;
    };
  }
  const fixed = LINE_COLORS.map(rgbOf);
  return (row) => fixed[colours.indices[row] ?? Number.NaN] ?? palette.missing;
}

function markerOf({ colours }: ParetoPlot, row: number): number {
  if (colours?.kind !== "categories") return 0;
  const index = colours.indices[row] ?? Number.NaN;
  return Number.isNaN(index) ? 0 : index;
}

function rgbOf(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
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
  const colourOf = colourBy(plot.colours, isDark(palette));
  context.lineWidth = 1.75;
  for (const row of plot.front) {
    const [left, top] = placeIn(area, plot, row);
    if (Number.isNaN(left + top)) continue;
    context.beginPath();
    addMarker(context, markerOf(plot, row), left, top, radius);
    const isFilled = plot.unbeaten.has(row);
    const own = plot.colours === undefined ? palette.accent : cssOf(colourOf(row));
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

function legendOf({ colours, colourName = "" }: ParetoPlot, dark: boolean): LegendEntry[] {
  if (colours === undefined) return [];
  const name = shortened(colourName, 24);
  if (colours.kind === "categories") {
    return colours.names.map((text, index) => ({
      text: shortened(text, 24),
      color: LINE_COLORS[index] ?? "",
      marker: index,
    }));
  }
  const { min, max, isLog } = colours;
  const palette = dark ? DARK : LIGHT;
  const shares = max > min ? [0, 0.25, 0.5, 0.75, 1] : [0.5];
  return shares.map((share, index) => {
    const value = isLog ? min * (max / min) ** share : min + (max - min) * share;
    const text = formatValue(Number(value.toPrecision(3)));
    return {
      text: index === 0 ? `${name} ${text}` : text,
      color: cssOf(colourAt(palette, share)),
      marker: 0,
    };
  });
}
