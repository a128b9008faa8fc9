/** Where the parts of the parallel coordinates are, in pixels of CSS. */
import { binOf, type Scale } from "./scales";

/** The height of the axes. */
export const PLOT_HEIGHT = 360;
/** From an edge of the drawing to the first axis, and beyond the last one's names of values. */
const SIDE = 16;
const LAST_ROOM = 104;
/** The least room between two axes: names of values must fit there. */
const LEAST_GAP = 112;

export interface ParallelLayout {
  readonly width: number;
  /** The place of each axis. */
  readonly xs: readonly number[];
  /** The room from an axis to the next one, or to the end of the drawing. */
  readonly gap: number;
}

/** A column on an axis. */
export interface LinePlace {
  readonly scale: Scale;
  readonly values: Float64Array;
}

/** Returns the places of axes in a room, or in the width that they need at least. */
export function layoutOf(count: number, room: number): ParallelLayout {
  const gaps = Math.max(count - 1, 1);
  const width = Math.max(room, SIDE + LAST_ROOM + gaps * LEAST_GAP);
  const gap = (width - SIDE - LAST_ROOM) / gaps;
  return { width, gap, xs: Array.from({ length: count }, (_, index) => SIDE + index * gap) };
}

/** Returns the place among the axes that is nearest to a point. */
export function placeAt({ xs, gap }: ParallelLayout, x: number): number {
  const place = Math.round((x - (xs[0] ?? 0)) / gap);
  return Math.max(0, Math.min(place, xs.length - 1));
}

/** Returns where a run is on an axis, from its head down; the same place as in the raster. */
export function yOf({ scale, values }: LinePlace, row: number): number {
  return binOf(scale, values[row] ?? Number.NaN, row, PLOT_HEIGHT);
}

/** Returns the row whose line is nearest above or below a point; undefined if none is near. */
export function nearestRow(
  rows: Iterable<number>,
  places: readonly LinePlace[],
  { xs }: ParallelLayout,
  { x, y }: { readonly x: number; readonly y: number },
  within: number,
): number | undefined {
  const after = xs.findIndex((axis, index) => index > 0 && axis >= x);
  const [start = 0, end = 0] = [xs[after - 1], xs[after]];
  const [left, right] = [places[after - 1], places[after]];
  if (left === undefined || right === undefined || x < start) return undefined;
  const share = (x - start) / (end - start);
  let nearest: number | undefined;
  let least = within;
  for (const row of rows) {
    const from = yOf(left, row);
    const distance = Math.abs(from + (yOf(right, row) - from) * share - y);
    if (distance < least) [least, nearest] = [distance, row];
  }
  return nearest;
}

/** Returns the line of a run through the axes as the path of an SVG or a canvas. */
export function pathOf(
  row: number,
  places: readonly LinePlace[],
  { xs }: ParallelLayout,
  top: number,
): string {
  return places
    .map((place, index) => {
      const y = top + yOf(place, row) + 0.5;
      return `${index === 0 ? "M" : "L"}${(xs[index] ?? 0).toFixed(1)} ${y}`;
    })
    .join("");
}
