import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import { type Palette, sequentialColor } from "./palette";

/** Points on two axes. */
export interface Scatter {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** For each point 0 for the best to 1 for the worst; one colour for all if absent. */
  readonly ranks?: readonly number[];
}

const HEIGHT = 240;

/** Draws points; those without a value on an axis are left out. The best are drawn last. */
export function drawScatter(
  canvas: HTMLCanvasElement,
  width: number,
  { x, y, xs, ys, ranks }: Scatter,
  palette: Palette,
): void {
  const context = prepare(canvas, width, HEIGHT);
  if (context === null) return;
  const area: Area = { left: 72, top: 26, width: Math.max(width - 84, 50), height: HEIGHT - 70 };
  drawAxes(context, area, x, y, palette);
  const order = xs.map((_, index) => index);
  if (ranks !== undefined) order.sort((one, other) => (ranks[other] ?? 0) - (ranks[one] ?? 0));
  for (const index of order) {
    const [left, top] = [shareOf(xs[index] ?? Number.NaN, x), shareOf(ys[index] ?? Number.NaN, y)];
    if (Number.isNaN(left) || Number.isNaN(top)) continue;
    context.beginPath();
    const center = area.left + left * area.width + spreadOf(index, x, area.width);
    context.arc(center, area.top + (1 - top) * area.height, 3.5, 0, 2 * Math.PI);
    context.fillStyle =
      ranks === undefined ? palette.accent : sequentialColor(1 - (ranks[index] ?? 1));
    context.fill();
    context.lineWidth = 0.75;
    context.strokeStyle = palette.faint;
    context.stroke();
  }
}

/** Points of a category stand beside each other, at places that stay the same. */
function spreadOf(index: number, { categories }: PlotAxis, width: number): number {
  if (categories.length === 0) return 0;
  const golden = (index * 0.618034) % 1;
  return (golden - 0.5) * Math.min((width / categories.length) * 0.6, 60);
}
