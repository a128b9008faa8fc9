import { NOT_SET_SHARE, positionOf, type Scale, valueOfShare } from "./scales";

/** A value that an axis names. */
export interface Tick {
  /** NaN is the tick for runs without a value. */
  readonly value: number;
  readonly position: number;
}

/** Returns about `wanted` ticks, from the foot of the axis to its head. */
export function ticksOf(scale: Scale, wanted: number): Tick[] {
  const values = tickValues(scale, Math.max(wanted, 2));
  const ticks = values.map((value) => ({ value, position: positionOf(scale, value) }));
  if (scale.hasMissing) ticks.push({ value: Number.NaN, position: NOT_SET_SHARE / 2 });
  return ticks.sort((one, other) => one.position - other.position);
}

function tickValues(scale: Scale, wanted: number): number[] {
  const { kind, min, max, categories, knots } = scale;
  if (kind === "category") {
    const step = Math.ceil(categories / Math.max(wanted, 1));
    return range(0, categories - 1, step);
  }
  if (kind === "quantile") {
    if (knots.length === 0) return [];
    const shares = wanted >= 5 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1];
    return [...new Set(shares.map((share) => valueOfShare(scale, share)))];
  }
  if (!(max > min)) return [min];
  return kind === "log" ? logTicks(min, max, wanted) : linearTicks(min, max, wanted);
}

/** Returns multiples of 1, 2 or 5 times a power of ten within the bounds. */
export function linearTicks(min: number, max: number, wanted: number): number[] {
  const rough = (max - min) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  if (!(step > 0) || !Number.isFinite(step)) return [min, max];
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // A multiple is rounded, so that 0.30000000000000004 is 0.3.
  return range(first, last, 1).map((count) => Number((count * step).toPrecision(12)));
}

function logTicks(min: number, max: number, wanted: number): number[] {
  const low = Math.log10(min);
  const high = Math.log10(max);
  const decades = high - low;
  const factors = decades >= 3 ? [1] : decades >= 1.2 ? [1, 3] : [];
  if (factors.length === 0) return linearTicks(min, max, wanted);
  const every = Math.max(1, Math.ceil(decades / wanted));
  const powers = range(Math.ceil(Math.floor(low) / every) * every, Math.ceil(high), every);
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((value) => value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9));
}

function range(first: number, last: number, step: number): number[] {
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  return Array.from({ length }, (_, index) => first + index * step);
}
