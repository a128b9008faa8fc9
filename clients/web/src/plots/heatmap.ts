import { fitted, prepare } from "./area";
import type { Marks } from "./marks";
import { divergingColor, type Palette, textOnDiverging } from "./palette";

/** A square matrix of correlations, row by row. */
export interface CorrelationsDrawing {
  readonly names: readonly string[];
  readonly values: ArrayLike<number>;
  readonly runs: ArrayLike<number>;
}

const MOST_CELL = 56;
const FOOT = 96;

/** Draws a matrix of correlations; cells that are large enough have their value as text. */
export function drawCorrelations(
  canvas: HTMLCanvasElement,
  width: number,
  { names, values, runs }: CorrelationsDrawing,
  palette: Palette,
): Marks | undefined {
  const count = names.length;
  const margin = Math.min(150, width * 0.3);
  const cell = Math.min((width - margin) / Math.max(count, 1), MOST_CELL);
  const size = cell * count;
  const context = prepare(canvas, width, size + FOOT);
  if (context === null) return undefined;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const [row, name] of names.entries()) {
    context.fillStyle = palette.text;
    if (cell >= 11) drawNames(context, name, margin, size, cell, row);
    for (let column = 0; column < count; column += 1) {
      const value = values[row * count + column] ?? Number.NaN;
      context.fillStyle = Number.isNaN(value) ? palette.line : divergingColor(value);
      const gap = cell > 4 ? 1 : 0;
      const [left, top] = [margin + column * cell, row * cell];
      context.fillRect(left, top, cell - gap, cell - gap);
      if (cell < 34 || Number.isNaN(value)) continue;
      context.fillStyle = textOnDiverging(value);
      context.textAlign = "center";
      context.fillText(cellText(value), left + cell / 2, top + cell / 2);
    }
  }
  return {
    order: () => Int32Array.from({ length: count * count }, (_, place) => place),
    find: (x, y) => {
      const [column, row] = [Math.floor((x - margin) / cell), Math.floor(y / cell)];
      const isInside = column >= 0 && column < count && row >= 0 && row < count;
      return isInside ? row * count + column : undefined;
    },
    describe: (place) => {
      const [row, column] = [Math.floor(place / count), place % count];
      const value = values[place] ?? Number.NaN;
      return {
        x: margin + (column + 0.5) * cell,
        y: (row + 0.5) * cell,
        title: `${names[row]} and ${names[column]}`,
        facts: [
          ["correlation", Number.isNaN(value) ? "none: one never varies" : value.toFixed(3)],
          ["runs", String(runs[place] ?? 0)],
        ],
      };
    },
  };
}

function cellText(value: number): string {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text;
}

function drawNames(
  context: CanvasRenderingContext2D,
  name: string,
  margin: number,
  size: number,
  cell: number,
  row: number,
): void {
  context.textAlign = "right";
  context.fillText(fitted(context, name, margin - 10), margin - 6, row * cell + cell / 2);
  context.save();
  context.translate(margin + row * cell + cell / 2, size + 8);
  context.rotate(-Math.PI / 4);
  context.fillText(fitted(context, name, 112), 0, 0);
  context.restore();
}
