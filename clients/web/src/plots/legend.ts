import { addMarker } from "./markers";
import type { Palette } from "./palette";

/** An entry of a legend that is part of a drawing. */
export interface LegendEntry {
  readonly text: string;
  readonly color: string;
  /** Which marker; none if absent. */
  readonly marker?: number;
  /** The dashes of a line; no line if absent. */
  readonly dash?: readonly number[];
}

const ROW = 20;
const FONT = "12px system-ui, sans-serif";
const MOST_TEXT = 180;

interface PlacedEntry extends LegendEntry {
  readonly left: number;
  readonly row: number;
}

/** Returns the height of a legend. */
export function legendHeight(entries: readonly LegendEntry[], width: number): number {
  return entries.length === 0 ? 0 : ((placeEntries(entries, width).at(-1)?.row ?? 0) + 1) * ROW;
}

/** Draws a legend whose rows break as text does. */
export function drawLegend(
  context: CanvasRenderingContext2D,
  entries: readonly LegendEntry[],
  left: number,
  top: number,
  width: number,
  palette: Palette,
): void {
  context.save();
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { text, color, marker, dash, ...place } of placeEntries(entries, width)) {
    const [x, y] = [left + place.left, top + place.row * ROW + ROW / 2];
    context.strokeStyle = color;
    context.fillStyle = color;
    if (dash !== undefined) {
      context.lineWidth = 2;
      context.setLineDash([...dash]);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 22, y);
      context.stroke();
      context.setLineDash([]);
    }
    if (marker !== undefined) {
      context.beginPath();
      addMarker(context, marker, x + 11, y, 4);
      context.fill();
    }
    context.fillStyle = palette.text;
    context.fillText(text, x + 28, y, MOST_TEXT);
  }
  context.restore();
}

function placeEntries(entries: readonly LegendEntry[], width: number): PlacedEntry[] {
  let [left, row] = [0, 0];
  return entries.map((entry) => {
    const room = 28 + Math.min(entry.text.length * 7, MOST_TEXT) + 18;
    if (left > 0 && left + room > width) [left, row] = [0, row + 1];
    const placed = { ...entry, left, row };
    left += room;
    return placed;
  });
}

/** Returns a text that fits into a drawing: with an ellipsis in its place if it is long. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
