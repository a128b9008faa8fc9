import type { PlotAxis } from "../../../plots/area";
import type { Column } from "../../../store/runTable";

/** Whole numbers in a wider range than this look like any other numbers. */
const MOST_WHOLE = 30;

/** Returns a column as an axis: its own scale, between its bounds; `values` are those shown. */
export function columnAxis(column: Column, values: Float64Array): PlotAxis {
  const { name, min, max, scale, categories } = column;
  const axis = { label: name, min, max, isLog: scale === "log", categories };
  if (scale !== "linear" || max - min > MOST_WHOLE || !isWhole(min) || !isWhole(max)) return axis;
  if (!values.every(isWhole)) return axis;
  return { ...axis, min: min - 0.5, max: max + 0.5, isWhole: true };
}

function isWhole(value: number): boolean {
  return Number.isNaN(value) || Number.isInteger(value);
}
