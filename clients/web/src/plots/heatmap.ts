import { prepare } from "./area";
import { divergingColor, type Palette, textOnDiverging } from "./palette";

const MOST_CELL = 56;

/** Draws a matrix of correlations; cells that are large enough have their value as text. */
export function drawCorrelations(
  canvas: HTMLCanvasElement,
  width: number,
  names: readonly string[],
  values: readonly number[],
  palette: Palette,
): void {
  const margin = Math.min(120, width * 0.3);
  const cell = Math.min((width - margin) / Math.max(names.length, 1), MOST_CELL);
  const size = cell * names.length;
  const context = prepare(canvas, width, size + 96);
  if (context === null) return;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const [row, name] of names.entries()) {
    context.fillStyle = palette.text;
    if (cell >= 11) drawNames(context, name, margin, size, cell, row);
    for (let column = 0; column < names.length; column += 1) {
      const value = values[row * names.length + column] ?? Number.NaN;
      context.fillStyle = Number.isNaN(value) ? palette.line : divergingColor(value);
      const gap = cell > 4 ? 1 : 0;
      const [left, top] = [margin + column * cell, row * cell];
      context.fillRect(left, top, cell - gap, cell - gap);
      if (cell < 34 || Number.isNaN(value)) continue;
      context.fillStyle = textOnDiverging(value);
      context.textAlign = "center";
      context.fillText(value.toFixed(2), left + cell / 2, top + cell / 2);
    }
  }
}

function drawNames(
  context: CanvasRenderingContext2D,
  name: string,
  margin: number,
  size: number,
  cell: number,
  row: number,
): void {
  const text = name.length > 16 ? `${name.slice(0, 15)}…` : name;
  context.textAlign = "right";
  context.fillText(text, margin - 6, row * cell + cell / 2, margin - 8);
  context.save();
  context.translate(margin + row * cell + cell / 2, size + 8);
  context.rotate(-Math.PI / 4);
  context.fillText(text, 0, 0, 110);
  context.restore();
}
