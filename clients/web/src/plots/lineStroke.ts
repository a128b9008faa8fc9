import { type Area, type PlotAxis, shareOf } from "./area";

/** A line through points; a gap where either is not finite. */
export interface PlotLine {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  readonly shape: "line" | "steps";
  readonly color: string;
  readonly width: number;
  readonly opacity?: number;
  readonly dash?: readonly number[];
}

/** Draws a line; points that are closer than half a pixel to the one before are left out. */
export function strokeLine(
  context: CanvasRenderingContext2D,
  area: Area,
  x: PlotAxis,
  y: PlotAxis,
  line: PlotLine,
): void {
  const { xs, ys, shape, color, width, opacity = 1, dash = [] } = line;
  context.save();
  context.beginPath();
  let [lastX, lastY, isOpen] = [Number.NaN, Number.NaN, false];
  for (let index = 0; index < xs.length; index++) {
    const left = area.left + shareOf(xs[index] ?? Number.NaN, x) * area.width;
    const top = area.top + (1 - shareOf(ys[index] ?? Number.NaN, y)) * area.height;
    if (!Number.isFinite(left) || !Number.isFinite(top)) {
      isOpen = false;
      continue;
    }
    const isLast = index === xs.length - 1;
    if (!isOpen) context.moveTo(left, top);
    else if (!isLast && Math.abs(left - lastX) < 0.5 && Math.abs(top - lastY) < 0.5) continue;
    else {
      if (shape === "steps") context.lineTo(left, lastY);
      context.lineTo(left, top);
    }
    [lastX, lastY, isOpen] = [left, top, true];
  }
  context.strokeStyle = color;
  context.lineWidth = width;
  context.globalAlpha = opacity;
  context.lineJoin = "round";
  context.setLineDash([...dash]);
  context.stroke();
  context.restore();
}
