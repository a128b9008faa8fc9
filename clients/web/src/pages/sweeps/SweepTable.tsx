import { type Dispatch, type SetStateAction, useCallback } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { nextOrder, type OrderName, sortOfColumn } from "../../store/sweepOrder";
import { NowContext } from "../../ui/now";
import { useNow } from "../../ui/useNow";
import { COLUMNS } from "./columns";
import { CHUNK, SweepRows } from "./SweepRows";
import "./sweeps.css";

interface Props {
  readonly sweeps: readonly Sweep[];
  readonly order: OrderName;
  readonly onOrder: (order: OrderName) => void;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: Dispatch<SetStateAction<ReadonlySet<string>>>;
}

/** The sweeps as rows, or as cards on a narrow screen; a changed sweep changes its row alone. */
export function SweepTable({ sweeps, order, onOrder, selected, onSelect }: Props) {
  const now = useNow(5_000);
  const isAll = sweeps.every(({ sweepId }) => selected.has(sweepId));
  const isSome = sweeps.some(({ sweepId }) => selected.has(sweepId));
  const selectAll = (isSelected: boolean) =>
    onSelect(new Set(isSelected ? sweeps.map(({ sweepId }) => sweepId) : []));
  const selectOne = useCallback(
    (sweepId: string, isSelected: boolean) =>
      onSelect((before) => {
        const next = new Set(before);
        if (isSelected) next.add(sweepId);
        else next.delete(sweepId);
        return next;
      }),
    [onSelect],
  );
  const chunks = Array.from({ length: Math.ceil(sweeps.length / CHUNK) }, (_, index) =>
    sweeps.slice(index * CHUNK, (index + 1) * CHUNK),
  );
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
        <NowContext value={now}>
          {chunks.map((chunk, index) => (
            <SweepRows
              key={index}
              sweeps={chunk}
              selected={selected}
              onSelect={selectOne}
              isFirst={index === 0}
            />
          ))}
        </NowContext>
      </table>
    </section>
  );
}

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
