import { getRouteApi, Link } from "@tanstack/react-router";
import { memo } from "react";
import { type Axis, formatCell } from "../../../store/parallelAxes";
import { headingOf } from "../../../store/runCells";
import type { RunTable } from "../../../store/runTable";
import { RunStateText } from "../runs/RunStateText";

const route = getRouteApi("/sweeps/$sweepId");

interface Props {
  readonly title: string;
  readonly table: RunTable;
  readonly axes: readonly Axis[];
  readonly best: readonly number[];
  readonly selected: readonly number[];
  readonly onSelect: (number: number) => void;
  readonly onHighlight: (row: number | undefined) => void;
}

/** The runs that are lines, with their values: a row under the pointer or with the focus stands out in the plot. */
export const RunList = memo(function RunList(props: Props) {
  const { title, table, axes, best, selected, onSelect, onHighlight } = props;
  const { sweepId } = route.useParams();
  const chosen = new Set(selected);
  const columns = axes.map(({ column }) => column);
  const isBest = new Set(best);
  const rows = [...best, ...selected.filter((row) => !isBest.has(row))];
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p className="faint">No run that passes the filter has an objective.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="table-scroll run-list" aria-label={`${title}, values`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Keep</th>
                <th scope="col">Run</th>
                <th scope="col">State</th>
                {columns.map((column) => (
                  <th key={column.key} scope="col">
                    <bdi>{headingOf(column)}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const number = table.numbers[row] ?? 0;
                return (
                  <tr
                    key={row}
                    onPointerEnter={() => onHighlight(row)}
                    onPointerLeave={() => onHighlight(undefined)}
                    onFocus={() => onHighlight(row)}
                    onBlur={() => onHighlight(undefined)}
                  >
                    <td>
                      <input
                        type="checkbox"
                        aria-label={`Keep the line of run ${number}`}
                        checked={chosen.has(row)}
                        onChange={() => onSelect(number)}
                      />
                    </td>
                    <td className="number left">
                      <Link
                        from="/sweeps/$sweepId/parallel"
                        to="/sweeps/$sweepId/runs"
                        params={{ sweepId }}
                        search={({ states, where, top }) => ({
                          ...(states && { states }),
                          ...(where && { where }),
                          ...(top && { top }),
                          run: number,
                        })}
                        aria-label={`Open run ${number}`}
                      >
                        {number}
                      </Link>
                    </td>
                    <td>
                      <RunStateText state={table.states[row] ?? 0} />
                    </td>
                    {columns.map((column) => (
                      <td
                        key={column.key}
                        className={column.scale === "category" ? undefined : "number left"}
                      >
                        <bdi>{formatCell(column, column.values[row])}</bdi>
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
});
