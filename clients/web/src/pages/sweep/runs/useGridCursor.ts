import {
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import type { RunOrder } from "../../../store/runTable";
import { type GridColumn, pinnedWidth, SELECT_WIDTH } from "./gridLayout";
import { LEAST_WIDTH, MOST_WIDTH } from "./search";
import { ROW_HEIGHT } from "./useGridWindow";

/** The place of the heading, above row 0. */
export const HEAD = -1;
const WIDTH_STEP = 16;

/** The cell that has the focus, or gets it by Tab; column 0 has the check boxes. */
export interface Cursor {
  readonly row: number;
  readonly column: number;
}

interface Options {
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly numbers: Int32Array;
  readonly columns: readonly GridColumn[];
  readonly page: number;
  readonly order: RunOrder;
  readonly onOrder: (order: RunOrder) => void;
  readonly onPin: (key: string) => void;
  readonly onWidth: (key: string, width: number) => void;
  readonly onSelect: (number: number, isRange: boolean) => void;
  readonly onSelectAll: () => void;
  readonly onOpen: (number: number) => void;
}

/** The keyboard of the grid: one cell can be reached by Tab, the others from there by arrows. */
export function useGridCursor(options: Options) {
  const { frame, numbers, columns, page, order } = options;
  const [wanted, setWanted] = useState<Cursor>({ row: 0, column: 1 });
  const hasMoved = useRef(false);
  const cursor = {
    row: Math.max(Math.min(wanted.row, numbers.length - 1), HEAD),
    column: Math.max(Math.min(wanted.column, columns.length), 0),
  };
  useEffect(() => {
    if (!hasMoved.current) return;
    hasMoved.current = false;
    const cell = frame.current?.querySelector<HTMLElement>(
      `[data-row="${cursor.row}"] > [data-column="${cursor.column}"]`,
    );
    cell?.focus({ preventScroll: true });
  });

  const move = ({ row, column }: Cursor, takesFocus = true) => {
    const next = {
      row: Math.max(HEAD, Math.min(row, numbers.length - 1)),
      column: Math.max(0, Math.min(column, columns.length)),
    };
    hasMoved.current = takesFocus;
    setWanted(next);
    if (frame.current !== null) show(frame.current, next, columns);
  };
  const column = columns[cursor.column - 1];
  const number = cursor.row === HEAD ? undefined : numbers[cursor.row];
  const resize = (by: number) => {
    if (column === undefined) return;
    const width = Math.round(column.width) + by;
    options.onWidth(column.key, Math.max(LEAST_WIDTH, Math.min(width, MOST_WIDTH)));
  };
  const activate = () => {
    if (number !== undefined) {
      if (cursor.column === 0) options.onSelect(number, false);
      else options.onOpen(number);
    } else if (column === undefined) options.onSelectAll();
    else {
      const isSorted = order.key === column.key;
      options.onOrder({ key: column.key, isDescending: isSorted && !order.isDescending });
    }
  };
  const select = (isRange: boolean) => {
    if (number === undefined) activate();
    else options.onSelect(number, isRange);
  };

  const actions: Record<string, () => void> = {
    j: () => move({ ...cursor, row: cursor.row + 1 }),
    ArrowDown: () => move({ ...cursor, row: cursor.row + 1 }),
    k: () => move({ ...cursor, row: cursor.row - 1 }),
    ArrowUp: () => move({ ...cursor, row: cursor.row - 1 }),
    ArrowRight: () => move({ ...cursor, column: cursor.column + 1 }),
    ArrowLeft: () => move({ ...cursor, column: cursor.column - 1 }),
    PageDown: () => move({ ...cursor, row: cursor.row + page }),
    PageUp: () => move({ ...cursor, row: Math.max(cursor.row - page, 0) }),
    Home: () => move({ ...cursor, column: 0 }),
    End: () => move({ ...cursor, column: columns.length }),
    "Ctrl Home": () => move({ row: 0, column: cursor.column }),
    "Ctrl End": () => move({ row: numbers.length - 1, column: cursor.column }),
    x: () => select(false),
    X: () => select(true),
    " ": () => select(false),
    Enter: activate,
    "[": () => resize(-WIDTH_STEP),
    "]": () => resize(WIDTH_STEP),
    p: () => column !== undefined && options.onPin(column.key),
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.metaKey || event.altKey) return;
    const action = actions[event.ctrlKey ? `Ctrl ${event.key}` : event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const onFocus = ({ target }: FocusEvent<HTMLElement>) => {
    const cell = target.closest<HTMLElement>("[data-column]");
    const row = target.closest<HTMLElement>("[data-row]");
    if (cell === null || row === null) return;
    setWanted({ row: Number(row.dataset.row), column: Number(cell.dataset.column) });
  };
  return { cursor, setCursor: move, onKeyDown, onFocus };
}

/** Scrolls so that a cell is visible beside the heading and the columns that stay. */
function show(frame: HTMLElement, { row, column }: Cursor, columns: readonly GridColumn[]): void {
  if (row !== HEAD) {
    const top = row * ROW_HEIGHT;
    const page = frame.clientHeight - 2 * ROW_HEIGHT;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top > frame.scrollTop + page) frame.scrollTop = top - page;
  }
  const shown = columns[column - 1];
  if (shown === undefined || shown.left !== undefined) return;
  const left = columns.slice(0, column - 1).reduce((sum, { width }) => sum + width, SELECT_WIDTH);
  const covered = pinnedWidth(columns);
  if (left < frame.scrollLeft + covered) frame.scrollLeft = left - covered;
  else if (left + shown.width > frame.scrollLeft + frame.clientWidth) {
    frame.scrollLeft = left + shown.width - frame.clientWidth;
  }
}
