import { Link } from "@tanstack/react-router";
import type { RunOrder } from "../../../store/runTable";

/** A column of the table of best runs. */
export interface FrontColumn {
  /** The key by which the table is sorted. */
  readonly key: string;
  readonly name: string;
  readonly isNumeric: boolean;
}

/** A run of the front. */
export interface FrontRun {
  readonly number: number;
  /** The texts of the columns. */
  readonly cells: readonly string[];
  /** What stands beside the number. */
  readonly note?: string;
}

interface Props {
  readonly sweepId: string;
  readonly columns: readonly FrontColumn[];
  readonly runs: readonly FrontRun[];
  /** The order of the runs; a table without one can't be sorted. */
  readonly order?: RunOrder;
  readonly onOrder?: (order: RunOrder) => void;
  /** The number of the run that the chart highlights. */
  readonly active?: number | undefined;
  readonly onActive?: (number: number | undefined) => void;
}

/** The runs that no other run beats in every metric, each with a link to its details. */
export function FrontTable(props: Props) {
  const { sweepId, columns, runs, order, onOrder, active, onActive } = props;
  const heads: FrontColumn[] = [{ key: "number", name: "Run", isNumeric: true }, ...columns];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-scroll front-table" aria-label="Runs on the front" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <Head key={head.key} head={head} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map(({ number, cells, note }) => (
            <tr
              key={number}
              className={number === active ? "active" : undefined}
              onPointerEnter={() => onActive?.(number)}
              onPointerLeave={() => onActive?.(undefined)}
            >
              <td className="number left">
                <Link
                  from="/sweeps/$sweepId"
                  to="/sweeps/$sweepId/runs"
                  params={{ sweepId }}
                  search={(search) => ({ ...search, run: number })}
                  onFocus={() => onActive?.(number)}
                  onBlur={() => onActive?.(undefined)}
                >
                  {number}
                </Link>{" "}
                {note !== undefined && <span className="note">{note}</span>}
              </td>
              {cells.map((cell, index) => (
                <td
                  key={columns[index]?.key}
                  className={columns[index]?.isNumeric === true ? "number left" : "clipped"}
                  title={columns[index]?.isNumeric === true ? undefined : cell}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface HeadProps {
  readonly head: FrontColumn;
  readonly order: RunOrder | undefined;
  readonly onOrder: ((order: RunOrder) => void) | undefined;
}

function Head({ head: { key, name }, order, onOrder }: HeadProps) {
  const isSorted = order?.key === key;
  const direction = order?.isDescending === true ? "descending" : "ascending";
  if (onOrder === undefined) return <th scope="col">{name}</th>;
  return (
    <th scope="col" aria-sort={isSorted ? direction : "none"}>
      <button
        type="button"
        title={name}
        onClick={() => onOrder({ key, isDescending: isSorted && order?.isDescending !== true })}
      >
        <span className="clipped">{name}</span>
        <span aria-hidden="true">
          {isSorted ? (order?.isDescending === true ? " ↓" : " ↑") : ""}
        </span>
      </button>
    </th>
  );
}
