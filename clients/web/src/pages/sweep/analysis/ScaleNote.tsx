import type { PlotAxis } from "../../../plots/area";
import { describeScale } from "../../../plots/objectiveAxis";

/** What a reader must know of an axis whose scale is not plain. */
export function ScaleNote({ axis }: { axis: PlotAxis }) {
  const note = describeScale(axis);
  return note === undefined ? null : <p className="chart-note">{note}</p>;
}
