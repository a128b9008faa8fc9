/** Scales of axes: from a column's values to places on an axis, 0 at its foot and 1 at its head. */

/** How an axis spreads its values. */
export type ScaleKind = "linear" | "log" | "quantile" | "category";

/** A scale as plain data, so that it can be sent to a worker. */
export interface Scale {
  readonly kind: ScaleKind;
  readonly min: number;
  readonly max: number;
  /** The number of categories. */
  readonly categories: number;
  /** For a quantile scale: values at equal shares of the runs, ascending. */
  readonly knots: Float64Array;
  readonly isFlipped: boolean;
  /** Whether the foot of the axis is kept for runs without a value. */
  readonly hasMissing: boolean;
}

/** What a scale needs to know of a column. */
export interface ScaledColumn {
  readonly scale: "linear" | "log" | "category";
  readonly values: Float64Array;
  readonly categories: readonly string[];
  readonly min: number;
  readonly max: number;
}

/** The foot of an axis that runs without a value have for themselves. */
export const NOT_SET_SHARE = 0.06;
/** Where the values begin on an axis that has such a foot. */
const VALUES_FROM = 0.1;
const MOST_KNOTS = 129;

/** Returns the scales that suit a column; the first one is its own. */
export function scaleKinds(column: ScaledColumn): readonly ScaleKind[] {
  if (column.scale === "category") return ["category"];
  if (column.scale === "log") return ["log", "linear", "quantile"];
  return column.min > 0 && column.max > column.min
    ? ["linear", "log", "quantile"]
    : ["linear", "quantile"];
}

/** Returns the scale of a column's first `count` values. */
export function scaleOf(
  column: ScaledColumn,
  count: number,
  kind: ScaleKind,
  isFlipped: boolean,
): Scale {
  const { values } = column;
  let { min, max } = column;
  let hasMissing = false;
  if (Number.isFinite(min) && Number.isFinite(max)) {
    for (let row = 0; row < count && !hasMissing; row++) hasMissing = Number.isNaN(values[row]);
  } else {
    min = Number.POSITIVE_INFINITY;
    max = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < count; row++) {
      const value = values[row] ?? Number.NaN;
      if (Number.isNaN(value)) hasMissing = true;
      else if (Number.isFinite(value)) {
        if (value < min) min = value;
        if (value > max) max = value;
      }
    }
    if (min > max) [min, max] = [0, 0];
  }
  return {
    kind: kind === "log" && min <= 0 ? "linear" : kind,
    min,
    max,
    categories: column.categories.length,
    knots: kind === "quantile" ? knotsOf(values, count) : new Float64Array(),
    isFlipped,
    hasMissing,
  };
}

/** Of more values than these, some of them have the same quantiles as all. */
const MOST_SAMPLES = 8_192;

/** Returns a quantile scale of the runs whose mask is 1; of all runs if none of them has a value. */
export function quantileScale(column: ScaledColumn, mask: Uint8Array): Scale {
  const scale = scaleOf(column, 0, "quantile", false);
  const { values } = column;
  const kept = new Float64Array(mask.length);
  let count = 0;
  let hasMissing = false;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < mask.length; row++) {
    const value = values[row] as number;
    if (Number.isNaN(value)) hasMissing = true;
    if (mask[row] !== 1 || !Number.isFinite(value)) continue;
    kept[count++] = value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (count === 0) return scaleOf(column, mask.length, "quantile", false);
  const step = Math.ceil(count / MOST_SAMPLES);
  const samples = Float64Array.from({ length: Math.ceil(count / step) }, (_, index) =>
    Number(kept[index * step]),
  );
  const knots = knotsOf(samples, samples.length);
  // A sample may lack the ends.
  knots[0] = min;
  knots[knots.length - 1] = max;
  return { ...scale, min, max, knots, hasMissing };
}

function knotsOf(values: Float64Array, count: number): Float64Array {
  const sorted = values.subarray(0, count).filter((value) => Number.isFinite(value));
  sorted.sort();
  if (sorted.length <= MOST_KNOTS) return sorted;
  return Float64Array.from(
    { length: MOST_KNOTS },
    (_, knot) => sorted[Math.round((knot * (sorted.length - 1)) / (MOST_KNOTS - 1))] ?? 0,
  );
}

/** Returns the place of a value on its axis; that of the foot for NaN. */
export function positionOf(scale: Scale, value: number): number {
  if (Number.isNaN(value)) return NOT_SET_SHARE / 2;
  const share = clamp(shareOf(scale, value));
  const from = valuesFrom(scale);
  return from + (1 - from) * (scale.isFlipped ? 1 - share : share);
}

/** Returns the value at a place of the axis; NaN in the foot for runs without a value. */
export function valueAt(scale: Scale, position: number): number {
  const from = valuesFrom(scale);
  if (from > 0 && position < (NOT_SET_SHARE + from) / 2) return Number.NaN;
  const share = clamp((position - from) / (1 - from));
  return valueOfShare(scale, scale.isFlipped ? 1 - share : share);
}

/** Returns where the values begin on the axis. */
export function valuesFrom({ hasMissing }: Scale): number {
  return hasMissing ? VALUES_FROM : 0;
}

function shareOf({ kind, min, max, categories, knots }: Scale, value: number): number {
  if (kind === "category") return (value + 0.5) / Math.max(categories, 1);
  if (kind === "quantile") return quantileShare(knots, value);
  if (!(max > min)) return 0.5;
  if (kind === "log") return value > 0 ? Math.log(value / min) / Math.log(max / min) : 0;
  return (value - min) / (max - min);
}

/** Returns the value at a share of the values, whether the axis is flipped or not. */
export function valueOfShare({ kind, min, max, categories, knots }: Scale, share: number): number {
  if (kind === "category")
    return Math.max(0, Math.min(categories - 1, Math.floor(share * categories)));
  if (kind === "log") return share === 1 ? max : min * (max / min) ** share;
  if (kind === "linear") return share === 1 ? max : min + (max - min) * share;
  const place = share * (knots.length - 1);
  const below = knots[Math.floor(place)] ?? min;
  const above = knots[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

/** Returns the share of runs below a value; the middle of its knots for a frequent value. */
function quantileShare(knots: Float64Array, value: number): number {
  const last = knots.length - 1;
  if (last < 1) return 0.5;
  const first = firstKnot(knots, (knot) => knot >= value);
  const end = firstKnot(knots, (knot) => knot > value);
  if (end > first) return (first + end - 1) / 2 / last;
  if (first === 0) return 0;
  if (first > last) return 1;
  const below = knots[first - 1] ?? value;
  const above = knots[first] ?? value;
  // The place of a knot that comes several times is the middle of its places.
  const from = quantileShare(knots, below);
  const to = quantileShare(knots, above);
  return from + ((to - from) * (value - below)) / (above - below);
}

function firstKnot(knots: Float64Array, isReached: (knot: number) => boolean): number {
  let low = 0;
  let high = knots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isReached(knots[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function clamp(share: number): number {
  return share > 0 ? Math.min(share, 1) : 0;
}

/**
 * Returns the row of pixels of each run on an axis, from the head down.
 *
 * Runs of a category, and those without a value, are spread over their band by a hash of the row:
 * lines of a thousand runs through one point would show neither how many they are nor where they go.
 */
export function binsOf(
  scale: Scale,
  values: Float64Array,
  count: number,
  height: number,
): Uint16Array {
  const bins = new Uint16Array(count);
  for (let row = 0; row < count; row++) {
    bins[row] = binOf(scale, values[row] ?? Number.NaN, row, height);
  }
  return bins;
}

/** Returns the row of pixels of one run. */
export function binOf(scale: Scale, value: number, row: number, height: number): number {
  const width = Number.isNaN(value) ? NOT_SET_SHARE : spreadOf(scale);
  const position = positionOf(scale, value) + (width === 0 ? 0 : width * (scatter(row) - 0.5));
  return Math.round((height - 1) * (1 - clamp(position)));
}

/** Returns how much of the axis the runs of one value are spread over. */
function spreadOf(scale: Scale): number {
  return scale.kind === "category" ? 0.7 * categoryBand(scale) : 0;
}

/** Returns how much of the axis a category has for itself. */
export function categoryBand(scale: Scale): number {
  return (1 - valuesFrom(scale)) / Math.max(scale.categories, 1);
}

/** Returns a number from 0 to 1 that looks random but is the same for a row at every drawing. */
function scatter(row: number): number {
  let mixed = Math.imul(row + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 0xffffffff;
}
