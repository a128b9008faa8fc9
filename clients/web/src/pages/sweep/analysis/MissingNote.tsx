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
      {missing === 1
        ? `1 run is left out: it does not have ${names}`
        : `${formatCount(missing)} runs are left out: they do not have ${names}`}
    </p>
  );
}
