/** The axes of the parallel coordinates: which columns, in which order, and what is brushed on them. */
import {
  categoryBand,
  NOT_SET_SHARE,
  positionOf,
  type Scale,
  type ScaleKind,
  scaleKinds,
  scaleOf,
  valueAt,
  valuesFrom,
} from "../plots/scales";
import { formatValue } from "./format";
import type { Column, ColumnCondition, RunTable } from "./runTable";

/** What the user chose for an axis. */
export interface AxisSetting {
  readonly key: string;
  readonly flip?: boolean;
  readonly scale?: ScaleKind;
}

/** The chart's settings in the address; those at their defaults are left out. */
export interface ParallelSearch {
  readonly axes?: readonly AxisSetting[];
  readonly colour?: string;
}

export interface Axis {
  readonly key: string;
  readonly column: Column;
  readonly scale: Scale;
  readonly setting: AxisSetting;
}

/** A condition without the column that it is on. */
export type Brush = Omit<ColumnCondition, "key">;

// More axes than these at first would leave too little room for the lines.
const MOST_DEFAULT_AXES = 10;
const KINDS: readonly unknown[] = ["linear", "log", "quantile", "category"];

/** Reads the settings out of an address, and ignores what is none. */
export function parseParallelSearch(search: Record<string, unknown>): ParallelSearch {
  const { axes, colour } = search;
  const settings = Array.isArray(axes) ? axes.flatMap(parseSetting) : [];
  const unique = settings.filter(
    ({ key }, index) => settings.findIndex((other) => other.key === key) === index,
  );
  return {
    ...(unique.length > 0 ? { axes: unique } : {}),
    ...(typeof colour === "string" ? { colour } : {}),
  };
}

function parseSetting(value: unknown): AxisSetting[] {
  if (typeof value !== "object" || value === null) return [];
  const { key, flip, scale } = value as Record<string, unknown>;
  if (typeof key !== "string") return [];
  return [
    {
      key,
      ...(flip === true ? { flip } : {}),
      ...(KINDS.includes(scale) ? { scale: scale as ScaleKind } : {}),
    },
  ];
}

/** Returns the axes of a table before the user chose: the parameters, then the objectives. */
export function defaultSettings(table: RunTable): AxisSetting[] {
  const keysOf = (kind: Column["kind"]) =>
    table.columns.filter((column) => column.kind === kind).map(({ key }) => ({ key }));
  return [...keysOf("parameter").slice(0, MOST_DEFAULT_AXES), ...keysOf("objective")];
}

/** Returns the axes with their scales; without those whose columns the table lacks. */
export function axesOf(table: RunTable, settings: readonly AxisSetting[]): Axis[] {
  return settings.flatMap((setting) => {
    const column = table.columns.find(({ key }) => key === setting.key);
    return column === undefined ? [] : [axisOf(table, column, setting)];
  });
}

/** Returns a column as an axis. */
export function axisOf(table: RunTable, column: Column, setting: AxisSetting): Axis {
  const kinds = scaleKinds(column);
  const kind = kinds.find((each) => each === setting.scale) ?? kinds[0] ?? "linear";
  const scale = scaleOf(column, table.count, kind, setting.flip === true);
  return { key: column.key, column, scale, setting };
}

/** Returns the settings with one of them at another place. */
export function moveSetting(
  settings: readonly AxisSetting[],
  key: string,
  to: number,
): AxisSetting[] {
  const moved = settings.find((setting) => setting.key === key);
  const others = settings.filter((setting) => setting.key !== key);
  if (moved === undefined) return others;
  const place = Math.max(0, Math.min(to, others.length));
  return [...others.slice(0, place), moved, ...others.slice(place)];
}

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

/** Returns a value of a column as people read it. */
export function formatCell({ scale, categories }: Column, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "not set";
  return scale === "category" ? (categories[value] ?? String(value)) : formatValue(value);
}

/** Returns a condition in words: "0.1 to 3", "at least 2", "adam or sgd", "not set". */
export function describeBrush(column: Column, { min, max, categories, missing }: Brush): string {
  const parts: string[] = [];
  if (categories !== undefined && column.scale === "category") {
    parts.push(...categories.map((index) => formatCell(column, index)));
  } else if (min !== undefined && max !== undefined) {
    parts.push(`${formatValue(min)} to ${formatValue(max)}`);
  } else if (min !== undefined) parts.push(`at least ${formatValue(min)}`);
  else if (max !== undefined) parts.push(`at most ${formatValue(max)}`);
  else if (categories === undefined) parts.push("any value");
  if (missing === true) parts.push("not set");
  return parts.join(" or ") || "nothing";
}

/** Returns the best rows that match, the best first; rows without an objective are left out. */
export function bestRows(
  objective: Column | undefined,
  mask: Uint8Array,
  goal: "minimize" | "maximize",
  most: number,
): number[] {
  if (objective === undefined || most === 0) return [];
  const sign = goal === "minimize" ? 1 : -1;
  const lossOf = (row: number) => sign * (objective.values[row] ?? Number.NaN);
  const best: number[] = [];
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const loss = lossOf(row);
    if (Number.isNaN(loss)) continue;
    if (best.length === most && loss >= lossOf(best[most - 1] ?? row)) continue;
    let place = best.length;
    while (place > 0 && lossOf(best[place - 1] ?? row) > loss) place--;
    best.splice(place, 0, row);
    if (best.length > most) best.pop();
  }
  return best;
}
