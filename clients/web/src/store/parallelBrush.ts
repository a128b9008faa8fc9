/** Brushes: the part of an axis that a condition keeps, and the condition of a part. */
import {
  categoryBand,
  NOT_SET_SHARE,
  positionOf,
  type Scale,
  valueAt,
  valuesFrom,
} from "../plots/scales";
import { formatCell } from "./parallelAxes";
import type { Column, ColumnCondition } from "./runTable";

/** A condition without the column that it is on. */
export type Brush = Omit<ColumnCondition, "key">;

/** A part of an axis from its foot (0) to its head (1). */
export type Part = readonly [number, number];

/** An end of a brush. */
export type Edge = "low" | "high";

/** What the rounding of a bound moves an end at most. */
const ABOUT = 0.005;

/** Returns the condition of a brush between two places; undefined if it keeps every run. */
export function brushBetween(scale: Scale, one: number, other: number): Brush | undefined {
  const [low, high] = one < other ? [one, other] : [other, one];
  const from = valuesFrom(scale);
  const missing = scale.hasMissing && low <= NOT_SET_SHARE / 2 && high >= NOT_SET_SHARE / 2;
  const hasValues = high > from;
  if (!hasValues) return missing ? { categories: [], missing } : undefined;
  const kept = missing ? { missing } : {};
  if (scale.kind === "category") {
    const categories = indices(scale.categories).filter((index) => {
      const position = positionOf(scale, index);
      return position >= low && position <= high;
    });
    if (categories.length === scale.categories && (missing || !scale.hasMissing)) return undefined;
    return { categories, ...kept };
  }
  const [least, most] = scale.isFlipped ? [high, low] : [low, high];
  // A brush that reaches an end of the axis leaves that side open, and no other side.
  const [hasLow, hasHigh] = [low > from + 1e-6, high < 1 - 1e-6];
  const [hasMin, hasMax] = scale.isFlipped ? [hasHigh, hasLow] : [hasLow, hasHigh];
  const bounds = {
    ...(hasMin ? { min: rounded(scale, valueAt(scale, Math.max(least, from))) } : {}),
    ...(hasMax ? { max: rounded(scale, valueAt(scale, Math.max(most, from))) } : {}),
  };
  if (Object.keys(bounds).length === 0 && (missing || !scale.hasMissing)) return undefined;
  return { ...bounds, ...kept };
}

// A pixel is about a thousandth of an axis, so that more digits would mean nothing.
function rounded({ kind, min, max }: Scale, value: number): number {
  if (kind === "log" || !(max > min)) return Number(value.toPrecision(4));
  const digits = Math.ceil(Math.log10(Math.abs(value) / (max - min) + 1)) + 4;
  return Number(value.toPrecision(Math.min(digits, 15)));
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Returns the parts of the axis that a condition keeps, from the foot to the head. */
export function keptParts(scale: Scale, condition: Brush): [number, number][] {
  const parts: [number, number][] = [];
  if (condition.missing === true && scale.hasMissing) parts.push([0, NOT_SET_SHARE]);
  const { categories, min, max } = condition;
  if (scale.kind === "category") {
    const half = categoryBand(scale) / 2;
    const places = (categories ?? indices(scale.categories)).map((index) =>
      positionOf(scale, index),
    );
    for (const place of places.sort((one, other) => one - other)) {
      const before = parts.at(-1);
      if (before !== undefined && place - half - before[1] < 1e-9) before[1] = place + half;
      else parts.push([place - half, place + half]);
    }
  } else if (categories === undefined || categories.length > 0) {
    const one = positionOf(scale, min ?? Number.NEGATIVE_INFINITY);
    const other = positionOf(scale, max ?? Number.POSITIVE_INFINITY);
    parts.push(one < other ? [one, other] : [other, one]);
  }
  return parts;
}

/** Returns the ends of what a condition keeps; those of the axis if there is none. */
export function extentOf(scale: Scale, condition: Brush | undefined): Part {
  if (condition === undefined) return [0, 1];
  const parts = keptParts(scale, condition);
  return [parts[0]?.[0] ?? 0, parts.at(-1)?.[1] ?? 0];
}

/**
 * Returns the condition after an end moved by `step`, a share of the axis; it moves at least to the
 * next place where the condition is another one, and never beyond the other end.
 */
export function stepEdge(
  scale: Scale,
  condition: Brush | undefined,
  edge: Edge,
  step: number,
): Brush | undefined {
  const [low, high] = extentOf(scale, condition);
  const earlier = JSON.stringify(condition);
  const from = edge === "low" ? low : high;
  const [least, most] = edge === "low" ? [0, high] : [low, 1];
  // One end went in the direction of the step, and the other is about where it was.
  const isStep = ([newLow, newHigh]: Part) => {
    const [moved, other] = edge === "low" ? [newLow, newHigh - high] : [newHigh, newLow - low];
    return (moved - from) * Math.sign(step) > -ABOUT && Math.abs(other) < ABOUT;
  };
  for (let count = 1; count <= 1 / Math.abs(step) + 1; count++) {
    const place = Math.max(least, Math.min(most, from + count * step));
    const brush =
      edge === "low" ? brushBetween(scale, place, high) : brushBetween(scale, low, place);
    // A brush without a category would keep no run.
    const isNone = brush?.categories?.length === 0 && brush.missing !== true;
    if (!isNone && JSON.stringify(brush) !== earlier && isStep(extentOf(scale, brush))) {
      return brush;
    }
    if (place === least || place === most) break;
  }
  return condition;
}

/** Returns a condition in words: "0.1 to 3", "at least 2", "adam or sgd", "not set". */
export function describeBrush(column: Column, { min, max, categories, missing }: Brush): string {
  const parts: string[] = [];
  const textOf = (value: number) => formatCell(column, value);
  if (categories !== undefined && column.scale === "category") {
    parts.push(...categories.map(textOf));
  } else if (min !== undefined && max !== undefined) {
    parts.push(`${textOf(min)} to ${textOf(max)}`);
  } else if (min !== undefined) parts.push(`at least ${textOf(min)}`);
  else if (max !== undefined) parts.push(`at most ${textOf(max)}`);
  else if (categories === undefined) parts.push("any value");
  if (missing === true) parts.push("not set");
  return parts.join(" or ") || "nothing";
}
