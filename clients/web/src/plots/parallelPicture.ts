/** The parallel coordinates as one picture, with what the page draws by other means than a canvas. */
import { type Palette as Colors, cssOf } from "./densityPalette";
import type { Palette } from "./palette";
import { type ParallelLayout, PLOT_HEIGHT } from "./parallelLayout";

interface PictureAxis {
  readonly name: string;
  readonly ticks: readonly { readonly text: string; readonly y: number }[];
  /** The parts that the filter keeps, as shares from the foot; none without a brush. */
  readonly parts: readonly (readonly [number, number])[];
}

interface PictureLine {
  /** A path as SVG has it, with the head of the axes at 0. */
  readonly path: string;
  readonly isSelected: boolean;
}

export interface ParallelPicture {
  readonly raster: HTMLCanvasElement;
  readonly layout: ParallelLayout;
  readonly axes: readonly PictureAxis[];
  readonly lines: readonly PictureLine[];
  readonly legend: {
    readonly name: string;
    readonly ticks: readonly { readonly text: string; readonly share: number }[];
  };
  readonly caption: string;
}

const TOP = 34;
const LEGEND = 58;
const RAMP = 240;
const FONT = "system-ui, sans-serif";

/** Draws the picture on a new canvas, in the resolution of the raster. */
export function drawPicture(
  { raster, layout, axes, lines, legend, caption }: ParallelPicture,
  palette: Palette,
  colors: Colors,
): HTMLCanvasElement {
  const { width, xs, gap } = layout;
  const height = TOP + PLOT_HEIGHT + LEGEND;
  const ratio = raster.width / width;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return canvas;
  context.scale(ratio, ratio);
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, height);
  context.drawImage(raster, 0, TOP, width, PLOT_HEIGHT);
  context.translate(0, TOP);
  context.lineJoin = "round";
  for (const { path, isSelected } of lines) {
    const line = new Path2D(path);
    stroke(context, line, palette.surface, isSelected ? 4.5 : 3.5);
    stroke(context, line, isSelected ? palette.accent : palette.text, isSelected ? 2.5 : 1.4);
  }
  axes.forEach(({ name, ticks, parts }, index) => {
    const x = xs[index] ?? 0;
    context.fillStyle = palette.faint;
    context.fillRect(x - 0.5, 0, 1, PLOT_HEIGHT);
    context.fillStyle = palette.accent;
    context.globalAlpha = 0.35;
    for (const [low, high] of parts) {
      context.fillRect(x - 7, (1 - high) * PLOT_HEIGHT, 14, (high - low) * PLOT_HEIGHT);
    }
    context.globalAlpha = 1;
    context.font = `600 13px ${FONT}`;
    context.fillStyle = palette.text;
    context.fillText(fitted(context, name, gap - 12), x - 4, -14);
    context.font = `12px ${FONT}`;
    for (const { text, y } of ticks) haloText(context, text, x + 9, y + 4, palette);
  });
  drawLegend(context, legend, caption, palette, colors);
  return canvas;
}

function stroke(context: CanvasRenderingContext2D, path: Path2D, style: string, width: number) {
  context.strokeStyle = style;
  context.lineWidth = width;
  context.stroke(path);
}

function haloText(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  palette: Palette,
): void {
  context.strokeStyle = palette.surface;
  context.lineWidth = 4;
  context.strokeText(text, x, y);
  context.fillStyle = palette.text;
  context.fillText(text, x, y);
}

function drawLegend(
  context: CanvasRenderingContext2D,
  { name, ticks }: ParallelPicture["legend"],
  caption: string,
  palette: Palette,
  { stops }: Colors,
): void {
  const y = PLOT_HEIGHT + 22;
  context.fillStyle = palette.text;
  const title = fitted(context, name, 200);
  context.fillText(title, 16, y + 10);
  const x = 16 + context.measureText(title).width + 12;
  const ramp = context.createLinearGradient(x, 0, x + RAMP, 0);
  stops.forEach((stop, index) => {
    ramp.addColorStop(index / (stops.length - 1), cssOf(stop));
  });
  context.fillStyle = ramp;
  context.fillRect(x, y, RAMP, 10);
  context.fillStyle = palette.faint;
  context.textAlign = "center";
  for (const { text, share } of ticks) context.fillText(text, x + share * RAMP, y + 25);
  context.textAlign = "left";
  context.fillText(caption, x + RAMP + 30, y + 10);
}

/** Returns a text that is cut to a width. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let characters = [...text].slice(0, 200);
  while (characters.length > 1 && context.measureText(`${characters.join("")}…`).width > width) {
    characters = characters.slice(0, -1);
  }
  return `${characters.join("")}…`;
}
