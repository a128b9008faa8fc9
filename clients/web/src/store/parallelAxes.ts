/** The axes of the parallel coordinates: which columns, in which order and on which scales. */
import { type Scale, type ScaleKind, scaleKinds, scaleOf } from "../plots/scales";
import { formatValue } from "./format";
import { isTime } from "./runCells";
import type { Column, RunTable } from "./runTable";
import { formatSeconds, formatTime } from "./times";

/** What the user chose for an axis. */
export interface AxisSetting {
  readonly key: string;
  readonly flip?: boolean;
  readonly scale?: ScaleKind;
}

export interface Axis {
  readonly key: string;
  readonly column: Column;
  readonly scale: Scale;
  readonly setting: AxisSetting;
}

// More axes than these at first would leave too little room for the lines.
const MOST_DEFAULT_AXES = 10;

/** Returns the axes of a table before the user chose: the parameters, then the objectives. */
export function defaultSettings(
  table: RunTable,
  constants: ReadonlySet<string> = new Set(),
): AxisSetting[] {
  const ofKind = (kind: Column["kind"]) => table.columns.filter((column) => column.kind === kind);
  const searched = ofKind("parameter").filter(({ name }) => !constants.has(name));
  return [...searched.slice(0, MOST_DEFAULT_AXES), ...ofKind("objective")].map(({ key }) => ({
    key,
  }));
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

/** Returns the settings of the given columns: those there are in their order, then the new ones. */
export function showOnly(
  settings: readonly AxisSetting[],
  keys: readonly string[],
): readonly AxisSetting[] {
  const wanted = new Set(keys);
  const kept = settings.filter(({ key }) => wanted.delete(key));
  return [...kept, ...[...wanted].map((key) => ({ key }))];
}

/** Returns the settings with some of an axis' changed; what is at its default is left out. */
export function changeSetting(
  settings: readonly AxisSetting[],
  key: string,
  changed: Omit<AxisSetting, "key">,
): readonly AxisSetting[] {
  return settings.map((setting) => {
    if (setting.key !== key) return setting;
    const { flip, scale } = { ...setting, ...changed };
    return {
      key,
      ...(flip === true ? { flip } : {}),
      ...(scale === undefined ? {} : { scale }),
    };
  });
}

/** Returns a value of a column as people read it. */
export function formatCell(column: Column, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "not set";
  if (column.scale === "category") return column.categories[value] ?? String(value);
  if (isTime(column)) return formatTime(value * 1000);
  if (column.kind === "field" && column.name === "duration") return formatSeconds(value);
  return formatValue(value);
}
