import type { Area } from "./area";
import type { Rgb } from "./densityPalette";

/** Points at places from 0 to 1 on two axes. */
export interface RasterPoints {
  readonly lefts: Float32Array;
  readonly tops: Float32Array;
  readonly mask: Uint8Array;
}

/** How many points each cell of a grid has, row by row from the top, and the last one of them. */
export interface PointGrid {
  readonly counts: Uint32Array;
  readonly lastRows: Uint32Array;
  readonly most: number;
}

/** Returns how many points each cell of a grid has. */
export function gridOf(
  { lefts, tops, mask }: RasterPoints,
  columns: number,
  rows: number,
): PointGrid {
  const counts = new Uint32Array(columns * rows);
  const lastRows = new Uint32Array(columns * rows);
  let most = 0;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const [left, top] = [lefts[row] ?? Number.NaN, tops[row] ?? Number.NaN];
    if (!(left >= 0 && left <= 1 && top >= 0 && top <= 1)) continue;
    const column = Math.min(Math.floor(left * columns), columns - 1);
    const cell = Math.min(Math.floor((1 - top) * rows), rows - 1) * columns + column;
    const count = (counts[cell] ?? 0) + 1;
    counts[cell] = count;
    lastRows[cell] = row;
    if (count > most) most = count;
  }
  return { counts, lastRows, most };
}

/** Draws the density of points, in cells of a size in pixels; a cell has its last point's color. */
export function drawRaster(
  context: CanvasRenderingContext2D,
  { left, top, width, height }: Area,
  points: RasterPoints,
  cell: number,
  colorOf: (row: number) => Rgb,
): void {
  const [columns, rows] = [
    Math.max(1, Math.round(width / cell)),
    Math.max(1, Math.round(height / cell)),
  ];
  const { counts, lastRows, most } = gridOf(points, columns, rows);
  const image = new ImageData(columns, rows);
  const scale = Math.log(1 + most);
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] ?? 0;
    if (count === 0) continue;
    const [red, green, blue] = colorOf(lastRows[index] ?? 0);
    image.data[4 * index] = red;
    image.data[4 * index + 1] = green;
    image.data[4 * index + 2] = blue;
    // A single run among thousands must still be seen.
    image.data[4 * index + 3] = 255 * (0.35 + 0.65 * (Math.log(1 + count) / scale));
  }
  const raster = document.createElement("canvas");
  raster.width = columns;
  raster.height = rows;
  raster.getContext("2d")?.putImageData(image, 0, 0);
  context.save();
  context.imageSmoothingEnabled = false;
  context.drawImage(raster, left, top, width, height);
  context.restore();
}

/** Returns the row that is nearest to a place, within a distance in pixels; undefined if none is. */
export function nearestPoint(
  { lefts, tops, mask }: RasterPoints,
  size: { readonly width: number; readonly height: number },
  place: { readonly left: number; readonly top: number },
  within: number,
): number | undefined {
  let nearest: number | undefined;
  let least = within * within;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const dx = ((lefts[row] ?? Number.NaN) - place.left) * size.width;
    const dy = ((tops[row] ?? Number.NaN) - place.top) * size.height;
    const distance = dx * dx + dy * dy;
    if (distance < least) {
      least = distance;
      nearest = row;
    }
  }
  return nearest;
}
