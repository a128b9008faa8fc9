import { type PlotAxis, valueAtShare } from "./area";

/** How a page spreads the values of a metric. */
export type ValueScale = "linear" | "log";

/**
 * Returns an axis over the finite ones of some values. A logarithmic axis that has to show 0 or
 * less is linear around 0 and logarithmic on both sides of it.
 */
export function objectiveAxis(
  label: string,
  values: ArrayLike<number>,
  scale: ValueScale,
): PlotAxis {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) [min, max] = [0, 1];
  // An axis without extent would put its only value on its edge.
  if (min === max)
    [min, max] = [
      min - Math.max(Math.abs(min) * 0.05, 0.5),
      max + Math.max(Math.abs(max) * 0.05, 0.5),
    ];
  const axis = { label, min, max, isLog: false, categories: [] };
  if (scale === "linear") return axis;
  if (min > 0) return { ...axis, isLog: true };
  return { ...axis, linearTo: linearPart(values, Math.max(-min, max)) };
}

/** Returns the axis with room at both ends, so that no mark stands on its edge. */
export function padded(axis: PlotAxis): PlotAxis {
  return { ...axis, min: valueAtShare(-ROOM, axis), max: valueAtShare(1 + ROOM, axis) };
}

const ROOM = 0.04;
const SAMPLE = 4_096;

/** Returns a power of ten that most of the values are above, at most six decades below `largest`. */
function linearPart(values: ArrayLike<number>, largest: number): number {
  const every = Math.max(1, Math.floor(values.length / SAMPLE));
  const sizes: number[] = [];
  for (let index = 0; index < values.length; index += every) {
    const size = Math.abs(values[index] ?? 0);
    if (Number.isFinite(size) && size > 0) sizes.push(size);
  }
  sizes.sort((one, other) => one - other);
  const low = sizes[Math.floor(sizes.length / 10)] ?? largest;
  return 10 ** Math.floor(Math.log10(Math.max(low, largest * 1e-6)));
}

/** Returns what a reader must know of an axis whose scale is not plain; undefined if it is. */
export function describeScale({ linearTo }: PlotAxis): string | undefined {
  if (linearTo === undefined) return undefined;
  return `A logarithm needs values above 0, so the axis is linear between −${linearTo} and ${linearTo}.`;
}
