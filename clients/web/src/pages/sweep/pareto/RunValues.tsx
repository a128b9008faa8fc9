import { Link } from "@tanstack/react-router";
import type { ParetoMetric } from "../../../store/paretoView";
import { cellText, headingOf } from "../../../store/runCells";
import { runStateName } from "../../../store/runStates";
import type { RunTable } from "../../../store/runTable";

const MOST_PARAMETERS = 8;

interface Props {
  readonly sweepId: string;
  readonly table: RunTable;
  readonly metrics: readonly ParetoMetric[];
  /** The key of a column that is shown too. */
  readonly color: string | undefined;
  readonly row: number;
}

/** The values of one run, in short, with a link to its details. */
export function RunValues({ sweepId, table, metrics, color, row }: Props) {
  const number = table.numbers[row] ?? 0;
  const keys = new Set(metrics.map(({ key }) => key));
  const extra = table.columns.find(({ key }) => key === color);
  const parameters = table.columns.filter(
    (column) =>
      column.kind === "parameter" && column !== extra && !Number.isNaN(column.values[row]),
  );
  const columns = [
    ...table.columns.filter(({ key }) => keys.has(key)),
    ...(extra === undefined || keys.has(extra.key) ? [] : [extra]),
    ...parameters.slice(0, MOST_PARAMETERS),
  ];
  return (
    <>
      <p>
        <Link
          from="/sweeps/$sweepId"
          to="/sweeps/$sweepId/runs"
          params={{ sweepId }}
          search={(search) => ({ ...search, run: number })}
        >
          Run {number}
        </Link>{" "}
        <span className="faint">{runStateName(table.states[row] ?? 0)}</span>
      </p>
      <dl>
        {columns.map((column) => (
          <div key={column.key}>
            <dt>{headingOf(column)}</dt>
            <dd>{cellText(column, row) || "not set"}</dd>
          </div>
        ))}
      </dl>
      {parameters.length > MOST_PARAMETERS && (
        <p className="faint">and {parameters.length - MOST_PARAMETERS} more parameters</p>
      )}
    </>
  );
}
