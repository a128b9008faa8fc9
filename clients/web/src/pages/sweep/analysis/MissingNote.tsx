import { formatCount } from "../../../store/format";
import type { Column } from "../../../store/runTable";

/** How many runs a chart leaves out because they do not have its parameters. */
export function MissingNote({ columns, rows }: { columns: readonly Column[]; rows: Int32Array }) {
  let missing = 0;
  for (const row of rows) {
    if (columns.some(({ values }) => Number.isNaN(values[row]))) missing += 1;
  }
  if (missing === 0) return null;
  const names = columns.map(({ name }) => name).join(" and ");
  return (
    <p className="plot-legend">
      {formatCount(missing)} {missing === 1 ? "run" : "runs"} without {names} left out
    </p>
  );
}
