import { memo } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { nextOrder, type OrderName, sortOfColumn } from "../../store/sweepOrder";
import { useNow } from "../../ui/useNow";
import { COLUMNS } from "./columns";
import { SweepRow } from "./SweepRow";
import "./sweeps.css";

interface Props {
  readonly sweeps: readonly Sweep[];
  readonly order: OrderName;
  readonly onOrder: (order: OrderName) => void;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

/** The sweeps as rows, or as cards on a narrow screen; a changed sweep changes its row alone. */
export function SweepTable({ sweeps, order, onOrder, selected, onSelect }: Props) {
  const now = useNow(5_000);
  const isAll = sweeps.every(({ sweepId }) => selected.has(sweepId));
  const isSome = sweeps.some(({ sweepId }) => selected.has(sweepId));
  const selectAll = (isSelected: boolean) =>
    onSelect(new Set(isSelected ? sweeps.map(({ sweepId }) => sweepId) : []));
  const selectOne = (sweepId: string, isSelected: boolean) => {
    const next = new Set(selected);
    if (isSelected) next.add(sweepId);
    else next.delete(sweepId);
    onSelect(next);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-scroll sweep-table" aria-label="Sweeps" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="select">
              <input
                type="checkbox"
                aria-label="Select all sweeps that are shown"
                checked={isAll}
                ref={(box) => {
                  if (box !== null) box.indeterminate = isSome && !isAll;
                }}
                onChange={(event) => selectAll(event.target.checked)}
              />
            </th>
            {COLUMNS.map((column) => (
              <Head key={column.name} column={column} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sweeps.map((sweep) => (
            <Row
              key={sweep.sweepId}
              sweep={sweep}
              now={now}
              isSelected={selected.has(sweep.sweepId)}
              onSelect={selectOne}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

// The function for selecting is a new one each time, and does the same if the selection is the same.
const Row = memo(
  SweepRow,
  (one, other) =>
    one.sweep === other.sweep &&
    one.now === other.now &&
    one.isSelected === other.isSelected &&
    one.onSelect === other.onSelect,
);

interface HeadProps {
  readonly column: (typeof COLUMNS)[number];
  readonly order: OrderName;
  readonly onOrder: (order: OrderName) => void;
}

function Head({ column: { name, sorted, isNumber }, order, onOrder }: HeadProps) {
  const className = isNumber ? "number" : undefined;
  if (sorted === undefined) {
    return (
      <th scope="col" className={className}>
        {name}
      </th>
    );
  }
  const sort = sortOfColumn(sorted, order);
  return (
    <th scope="col" className={className} aria-sort={sort}>
      <button type="button" onClick={() => onOrder(nextOrder(sorted, order))}>
        {name}
        <span aria-hidden="true" className="sort">
          {sort === "descending" && "↓"}
          {sort === "ascending" && "↑"}
        </span>
      </button>
    </th>
  );
}
