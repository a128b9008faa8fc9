/** The settings of the parallel coordinates in the address of their page. */
import type { ScaleKind } from "../plots/scales";
import type { AxisSetting } from "./parallelAxes";

/** What the address holds beside the filter; settings at their defaults are left out. */
export interface ParallelSearch {
  /** The axes from the left to the right, each as `writeAxis` has it; other columns are hidden. */
  readonly axes?: readonly string[];
  /** The key of the column that gives the colors. */
  readonly color?: string;
  /** How many of the best runs are lines. */
  readonly lines?: LineCount;
  /** The numbers of the runs that are lines whether they are among the best or not. */
  readonly selected?: readonly number[];
}

export const LINE_COUNTS = [0, 1, 10, 50] as const;
export type LineCount = (typeof LINE_COUNTS)[number];
export const DEFAULT_LINES: LineCount = 10;

/** More axes or lines than these are neither readable nor fit for an address. */
const MOST_AXES = 60;
const MOST_SELECTED = 50;

const AXIS =
  /^(?<flip>-)?(?:(?<scale>linear|log|quantile)~)?(?<key>(?:parameter|objective|summary|label|field):.+)$/s;

/** Returns an axis as an address holds it: "-log~parameter:lr" is flipped and logarithmic. */
export function writeAxis({ key, flip, scale }: AxisSetting): string {
  const isNamed = scale !== undefined && scale !== "category";
  return `${flip === true ? "-" : ""}${isNamed ? `${scale}~` : ""}${key}`;
}

/** Returns an axis that an address holds; undefined if it is none. */
export function readAxis(text: unknown): AxisSetting | undefined {
  const groups = typeof text === "string" ? AXIS.exec(text)?.groups : undefined;
  if (groups?.key === undefined) return undefined;
  return {
    key: groups.key,
    ...(groups.flip === undefined ? {} : { flip: true }),
    ...(groups.scale === undefined ? {} : { scale: groups.scale as ScaleKind }),
  };
}

/** Returns the axes that an address holds; undefined if it holds none. */
export function settingsOf(axes: ParallelSearch["axes"]): readonly AxisSetting[] | undefined {
  return axes?.flatMap((text) => readAxis(text) ?? []);
}

/** Reads the settings out of an address, and ignores what is none. */
export function parseParallelSearch(search: Record<string, unknown>): ParallelSearch {
  const { axes, color, lines, selected } = search;
  const byKey = new Map<string, string>();
  for (const text of Array.isArray(axes) ? axes : []) {
    const setting = readAxis(text);
    if (setting !== undefined && byKey.size < MOST_AXES && !byKey.has(setting.key)) {
      byKey.set(setting.key, writeAxis(setting));
    }
  }
  const count = LINE_COUNTS.find((each) => each === lines && each !== DEFAULT_LINES);
  const numbers = Array.isArray(selected) ? [...new Set(selected.filter(isRunNumber))] : [];
  return {
    // An empty list is a choice too: every axis is hidden.
    ...(byKey.size > 0 || (Array.isArray(axes) && axes.length === 0)
      ? { axes: [...byKey.values()] }
      : {}),
    ...(readAxis(color)?.key === color && typeof color === "string" ? { color } : {}),
    ...(count === undefined ? {} : { lines: count }),
    ...(numbers.length > 0 ? { selected: numbers.slice(0, MOST_SELECTED) } : {}),
  };
}

function isRunNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
