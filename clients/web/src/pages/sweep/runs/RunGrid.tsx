import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { cellText, headingOf, isNumeric } from "../../../store/runCells";
import { rowOf } from "../../../store/runColumns";
import type { Column, RunTable } from "../../../store/runTable";
import { NUMBER_KEY, type RunOrder, STATE_KEY } from "../../../store/sortRows";
import { RunStateText } from "./RunStateText";

const ROW_HEIGHT = 34;
/** Rows above and below the visible ones, for a scroll that is faster than the next drawing. */
const SPARE_ROWS = 8;

interface Props {
  readonly table: RunTable;
  readonly numbers: Int32Array;
  readonly columns: readonly Column[];
  readonly order: RunOrder;
  readonly onOrder: (order: RunOrder) => void;
  readonly selected: ReadonlySet<number>;
  readonly onSelect: (number: number) => void;
  readonly onOpen: (number: number) => void;
  /** Whether the pointer is in the table. */
  readonly onPointer: (isInside: boolean) => void;
}

/** The runs as a table that draws the visible rows only. */
export function RunGrid(props: Props) {
  const { table, numbers, columns, order, onOrder, selected, onSelect, onOpen, onPointer } = props;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  const { first, height, onScroll } = useWindow(frame);
  const from = Math.max(Math.min(first, numbers.length - 1) - SPARE_ROWS, 0);
  const to = Math.min(first + Math.ceil(height / ROW_HEIGHT) + SPARE_ROWS, numbers.length);
  const active = Math.min(cursor, numbers.length - 1);
  const visible = Array.from(numbers.subarray(from, to));

  const move = (index: number) => {
    const place = Math.max(0, Math.min(index, numbers.length - 1));
    setCursor(place);
    const element = frame.current;
    if (element === null) return;
    // The heading covers one row.
    const top = place * ROW_HEIGHT;
    const page = element.clientHeight - 2 * ROW_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + page) element.scrollTop = top - page;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 2);
    const number = numbers[active];
    const actions: Record<string, () => void> = {
      j: () => move(active + 1),
      ArrowDown: () => move(active + 1),
      k: () => move(active - 1),
      ArrowUp: () => move(active - 1),
      PageDown: () => move(active + page),
      PageUp: () => move(active - page),
      Home: () => move(0),
      End: () => move(numbers.length - 1),
      x: () => number !== undefined && onSelect(number),
      Enter: () => number !== undefined && onOpen(number),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  return (
    <div
      ref={frame}
      className="run-grid"
      onScroll={onScroll}
      onPointerEnter={({ pointerType }) => pointerType === "mouse" && onPointer(true)}
      onPointerLeave={() => onPointer(false)}
    >
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are chosen by keys
        role="grid"
        aria-label="Runs"
        aria-rowcount={numbers.length + 1}
        aria-multiselectable="true"
        aria-activedescendant={
          active >= from && active < to ? `${id}-${numbers[active]}` : undefined
        }
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <colgroup>
          <col className="col-select" />
          <col className="col-number" />
          <col className="col-state" />
          {columns.map((column) => (
            <col key={column.key} className={columnClass(column)} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <span className="visually-hidden">Selected</span>
            </th>
            <Heading name="Run" sortKey={NUMBER_KEY} isNumber order={order} onOrder={onOrder} />
            <Heading name="State" sortKey={STATE_KEY} order={order} onOrder={onOrder} />
            {columns.map((column) => (
              <Heading
                key={column.key}
                name={headingOf(column)}
                sortKey={column.key}
                isNumber={isNumeric(column)}
                order={order}
                onOrder={onOrder}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={from * ROW_HEIGHT} />
          {visible.map((number, index) => (
            <Row
              key={number}
              id={`${id}-${number}`}
              index={from + index}
              number={number}
              row={rowOf(table.numbers, table.count, number)}
              table={table}
              columns={columns}
              isActive={from + index === active}
              isSelected={selected.has(number)}
              onSelect={onSelect}
              onOpen={(opened) => {
                setCursor(from + index);
                onOpen(opened);
              }}
            />
          ))}
          <Gap height={(numbers.length - to) * ROW_HEIGHT} />
        </tbody>
      </table>
    </div>
  );
}

/** Returns the first visible row and the height of what scrolls. */
function useWindow(frame: React.RefObject<HTMLDivElement | null>) {
  const [first, setFirst] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  const onScroll = () => setFirst(Math.floor((frame.current?.scrollTop ?? 0) / ROW_HEIGHT));
  return { first, height, onScroll };
}

function columnClass(column: Column): string {
  if (column.kind === "field" && column.name === "error_message") return "col-message";
  if (column.kind === "field" && column.name.endsWith("_time")) return "col-time";
  return column.scale === "category" ? "col-text" : "col-value";
}

/** Takes the place of rows that are not drawn. */
function Gap({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr className="gap" style={{ height }}>
      <td />
    </tr>
  );
}

interface HeadingProps {
  readonly name: string;
  readonly sortKey: string;
  readonly isNumber?: boolean;
  readonly order: RunOrder;
  readonly onOrder: (order: RunOrder) => void;
}

function Heading({ name, sortKey, isNumber = false, order, onOrder }: HeadingProps) {
  const isSorted = order.key === sortKey;
  const direction = order.isDescending ? "descending" : "ascending";
  return (
    <th
      scope="col"
      className={isNumber ? "number" : undefined}
      aria-sort={isSorted ? direction : undefined}
    >
      <button
        type="button"
        title={name}
        onClick={() => onOrder({ key: sortKey, isDescending: isSorted && !order.isDescending })}
      >
        {name}
        {isSorted && <span aria-hidden="true">{order.isDescending ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
}

interface RowProps {
  readonly id: string;
  readonly index: number;
  readonly number: number;
  readonly row: number;
  readonly table: RunTable;
  readonly columns: readonly Column[];
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (number: number) => void;
  readonly onOpen: (number: number) => void;
}

function Row({ id, index, number, row, table, columns, ...props }: RowProps) {
  const { isActive, isSelected, onSelect, onOpen } = props;
  return (
    <tr
      id={id}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className={isActive ? "active" : undefined}
    >
      <td>
        {/* The keyboard has x for it: 30 more stops of Tab would be in the way. */}
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select run ${number}`}
          checked={isSelected}
          onChange={() => onSelect(number)}
        />
      </td>
      <td className="number">
        <button type="button" className="link" tabIndex={-1} onClick={() => onOpen(number)}>
          {number}
        </button>
      </td>
      <td>
        <RunStateText state={table.states[row] ?? 0} />
      </td>
      {columns.map((column) => {
        const text = cellText(column, row);
        const isLong = column.scale === "category" && text !== "";
        return (
          <td
            key={column.key}
            className={isNumeric(column) ? "number" : undefined}
            title={isLong ? text : undefined}
          >
            {text}
          </td>
        );
      })}
    </tr>
  );
}
