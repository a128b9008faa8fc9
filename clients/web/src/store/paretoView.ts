import { Goal, type Metric } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { PlotAxis } from "../plots/area";
import type { FrontMetric } from "./paretoFront";
import { RUN_STATES } from "./runStates";
import type { ColumnCondition, RunTable } from "./runTable";

/** A metric of a sweep with the values of its runs. */
export interface ParetoMetric extends FrontMetric {
  readonly name: string;
  /** The key of its column. */
  readonly key: string;
}

/** Returns the metrics of a sweep, in its order, with their values. */
export function paretoMetrics(metrics: readonly Metric[], table: RunTable): ParetoMetric[] {
  return metrics.flatMap(({ name, goal, target }) => {
    const column = table.columns.find((each) => each.kind === "objective" && each.name === name);
    if (column === undefined) return [];
    return {
      name,
      key: column.key,
      values: column.values,
      goal: goal === Goal.MAXIMIZE ? ("maximize" as const) : ("minimize" as const),
      ...(target === undefined ? {} : { target }),
    };
  });
}

/** Returns 1 for each row that can be on the front: those of finished runs with mask 1. */
export function finishedRows({ states, count }: RunTable, mask?: Uint8Array): Uint8Array {
  const rows = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    rows[row] = states[row] === RUN_STATES.finished && (mask?.[row] ?? 1) === 1 ? 1 : 0;
  }
  return rows;
}

/** The room between the outermost runs and the frame, as a share of the axis. */
const MARGIN = 0.03;

/** Returns the axis of a metric for the rows whose mask is 1. */
export function paretoAxis(
  { name, values }: Pick<ParetoMetric, "name" | "values">,
  mask: Uint8Array,
  isLog: boolean,
): PlotAxis {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < mask.length; row++) {
    const value = values[row] ?? Number.NaN;
    if (mask[row] !== 1 || !Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const axis = { label: name, categories: [] };
  if (min > max) return { ...axis, min: 0, max: 1, isLog: false };
  if (isLog && min > 0) {
    const margin = (max / min) ** MARGIN;
    return { ...axis, min: min / margin, max: max * margin, isLog: true };
  }
  const margin = max > min ? (max - min) * MARGIN : Math.abs(max) * MARGIN || 1;
  return { ...axis, min: min - margin, max: max + margin, isLog: false };
}

/** Whether an axis of the metric can be logarithmic. */
export function mayBeLog({ values }: Pick<ParetoMetric, "values">, mask: Uint8Array): boolean {
  return mask.every((mark, row) => mark !== 1 || !((values[row] ?? Number.NaN) <= 0));
}

/** Returns the value at a place of an axis, 0 to 1. */
export function valueAt({ min, max, isLog }: PlotAxis, place: number): number {
  return isLog && min > 0 ? min * (max / min) ** place : min + (max - min) * place;
}

type Bounds = Pick<ColumnCondition, "min" | "max">;

/**
 * Returns the condition of a brush between two places of an axis; an end of the axis is no bound.
 * Bounds are rounded to what a pixel can mean, and outwards, so that no run under the brush is lost.
 */
export function brushBounds(axis: PlotAxis, one: number, other: number): Bounds {
  const [low, high] = one < other ? [one, other] : [other, one];
  return {
    ...(low > 0 ? { min: rounded(axis, valueAt(axis, low), Math.floor) } : {}),
    ...(high < 1 ? { max: rounded(axis, valueAt(axis, high), Math.ceil) } : {}),
  };
}

function rounded({ min, max, isLog }: PlotAxis, value: number, round: typeof Math.floor): number {
  const size = isLog ? Math.abs(value) : max - min;
  if (!(size > 0)) return value;
  const power = Math.floor(Math.log10(size)) - 3;
  // A power below zero is not exact, so that it divides; 0.30000000000000004 would not be 0.3.
  const found =
    power < 0
      ? round(value * 10 ** -power) / 10 ** -power
      : round(value / 10 ** power) * 10 ** power;
  return Number.isFinite(found) ? found : value;
}
