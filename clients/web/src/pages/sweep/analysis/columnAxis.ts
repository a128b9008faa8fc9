import type { PlotAxis } from "../../../plots/area";
import type { Column } from "../../../store/runTable";

/** Returns a column as an axis: its own scale, between its bounds. */
export function columnAxis({ name, min, max, scale, categories }: Column): PlotAxis {
  return { label: name, min, max, isLog: scale === "log", categories };
}
