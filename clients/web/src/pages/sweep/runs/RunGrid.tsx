import { useEffect, useMemo, useRef, useState } from "react";
import type { Column, RunOrder, RunTable } from "../../../store/runTable";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";
import { layoutOf, SELECT_WIDTH } from "./gridLayout";
import { HEAD, useGridCursor } from "./useGridCursor";
import { ROW_HEIGHT, useGridWindow } from "./useGridWindow";

export interface GridProps {
  readonly table: RunTable;
  /** The numbers of the runs in their order. */
  readonly numbers: Int32Array;
  readonly columns: readonly Column[];
  readonly pinned: readonly string[];
  readonly widths: Readonly<Record<string, number>>;
  readonly order: RunOrder;
  readonly onOrder: (order: RunOrder) => void;
  readonly onPin: (key: string) => void;
  /** A width of undefined is the usual one. */
  readonly onWidth: (key: string, width: number | undefined) => void;
  readonly selected: ReadonlySet<number>;
  readonly onSelect: (numbers: Iterable<number>, isSelected: boolean) => void;
  readonly onOpen: (number: number) => void;
  /** The run whose row gets the focus when `returns` rises. */
  readonly opened: number | undefined;
  readonly returns: number;
  /** Whether the pointer or the focus is in the rows. */
  readonly onInside: (isInside: boolean) => void;
}

/** The runs as a grid that draws the visible rows only. */
export function RunGrid(props: GridProps) {
  const { table, numbers, selected, order, opened, returns } = props;
  const frame = useRef<HTMLDivElement>(null);
  const { from, to, page, width, onScroll } = useGridWindow(frame, numbers.length);
  const [dragged, setDragged] = useState<Readonly<Record<string, number>>>({});
  const widths = { ...props.widths, ...dragged };
  const columns = layoutOf(props.columns, { pinned: props.pinned, widths, frameWidth: width });
  const anchor = useRef<number>(undefined);
  const select = (number: number, isRange: boolean) => {
    const isSelected = !selected.has(number);
    const [one, other] = [numbers.indexOf(anchor.current ?? number), numbers.indexOf(number)];
    const isKnown = isRange && one >= 0 && other >= 0;
    const [first, last] = one < other ? [one, other] : [other, one];
    props.onSelect(isKnown ? numbers.subarray(first, last + 1) : [number], isKnown || isSelected);
    anchor.current = number;
  };
  const isAll = useMemo(
    () => numbers.length > 0 && numbers.every((number) => selected.has(number)),
    [numbers, selected],
  );
  const selectAll = () => props.onSelect(numbers, !isAll);
  const { cursor, setCursor, onKeyDown, onFocus } = useGridCursor({
    frame,
    numbers,
    columns,
    page,
    order,
    onOrder: props.onOrder,
    onPin: props.onPin,
    onWidth: props.onWidth,
    onSelect: select,
    onSelectAll: selectAll,
    onOpen: props.onOpen,
  });
  useReturn(numbers, opened, returns, (row) => setCursor({ row, column: cursor.column }, true));
  const places = placesOf(from, to, cursor.row === HEAD ? undefined : cursor.row, numbers.length);
  const total = columns.reduce((sum, column) => sum + column.width, SELECT_WIDTH);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears whether it is used
    <div
      ref={frame}
      className="run-grid"
      onScroll={onScroll}
      onPointerEnter={({ pointerType }) => pointerType === "mouse" && props.onInside(true)}
      onPointerLeave={(event) =>
        props.onInside(event.currentTarget.contains(document.activeElement))
      }
      onBlur={(event) => {
        const isLeaving = !event.currentTarget.contains(event.relatedTarget);
        if (isLeaving && !event.currentTarget.matches(":hover")) props.onInside(false);
      }}
    >
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its cells are reached by keys
        role="grid"
        aria-label="Runs"
        aria-rowcount={numbers.length + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable="true"
        style={{ width: Math.max(total, width) }}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          onFocus(event);
          props.onInside(true);
        }}
      >
        <colgroup>
          <col style={{ width: SELECT_WIDTH }} />
          {columns.map(({ key, width: each }) => (
            <col key={key} style={{ width: each }} />
          ))}
          {/* Takes the room that is left, so that the widths stay those that the user chose. */}
          <col />
        </colgroup>
        <GridHead
          columns={columns}
          order={order}
          onOrder={props.onOrder}
          cursor={cursor}
          isAll={isAll}
          isSome={selected.size > 0}
          onSelectAll={selectAll}
          onDrag={(key, each) => setDragged({ [key]: each })}
          onWidth={(key, each) => {
            setDragged({});
            props.onWidth(key, each);
          }}
        />
        <tbody>
          {places.flatMap((place, index) => {
            const before = (places[index - 1] ?? -1) + 1;
            const number = numbers[place] ?? 0;
            return [
              place > before && <Gap key={`gap ${before}`} rows={place - before} />,
              <GridRow
                key={number}
                index={place}
                number={number}
                table={table}
                columns={columns}
                cursorColumn={cursor.row === place ? cursor.column : undefined}
                isSelected={selected.has(number)}
                isOpen={opened === number}
                onSelect={select}
                onOpen={props.onOpen}
              />,
            ];
          })}
          <Gap rows={numbers.length - 1 - (places.at(-1) ?? -1)} />
        </tbody>
      </table>
      {numbers.length === 0 && (
        <p className="run-grid-empty">
          No run matches the filter. Remove a part of it to see runs.
        </p>
      )}
    </div>
  );
}

/** Moves the focus to the row of the run that was open, when it closes. */
function useReturn(
  numbers: Int32Array,
  opened: number | undefined,
  returns: number,
  focus: (row: number) => void,
): void {
  const last = useRef({ opened, returns });
  useEffect(() => {
    if (returns !== last.current.returns && last.current.opened !== undefined) {
      const row = numbers.indexOf(last.current.opened);
      if (row >= 0) focus(row);
    }
    last.current = { opened: opened ?? last.current.opened, returns };
  });
}

/** Returns the places to draw: the visible ones, and the one with the focus wherever it is. */
function placesOf(from: number, to: number, active: number | undefined, count: number): number[] {
  const visible = Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index);
  if (active === undefined || active >= count || (active >= from && active < to)) return visible;
  return active < from ? [active, ...visible] : [...visible, active];
}

/** Takes the place of rows that are not drawn. */
function Gap({ rows }: { rows: number }) {
  if (rows <= 0) return null;
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it is no row, but room for rows
    <tr className="gap" role="presentation" style={{ height: rows * ROW_HEIGHT }}>
      <td role="presentation" />
    </tr>
  );
}
