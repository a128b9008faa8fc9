/** An axis as the search for the nearest run needs it. */
interface PlacedBins {
  readonly x: number;
  readonly bins: Uint16Array;
}

/** Returns the row whose line passes nearest above or below a point; undefined if none is near. */
export function nearestRow(
  axes: readonly PlacedBins[],
  mask: Uint8Array,
  x: number,
  y: number,
  within: number,
): number | undefined {
  const after = axes.findIndex((axis, index) => index > 0 && axis.x >= x);
  const left = axes[after - 1];
  const right = axes[after];
  if (left === undefined || right === undefined || x < left.x) return undefined;
  const share = (x - left.x) / (right.x - left.x);
  let nearest: number | undefined;
  let least = within;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const start = left.bins[row] ?? 0;
    const distance = Math.abs(start + ((right.bins[row] ?? 0) - start) * share - y);
    if (distance < least) {
      least = distance;
      nearest = row;
    }
  }
  return nearest;
}
