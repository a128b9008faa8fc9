import { type PointerEvent, useRef } from "react";
import type { RunOrder } from "../../../store/runTable";
import type { GridColumn } from "./gridLayout";
import { LEAST_WIDTH, MOST_WIDTH } from "./search";
import { type Cursor, HEAD } from "./useGridCursor";

interface Props {
  readonly columns: readonly GridColumn[];
  readonly order: RunOrder;
  readonly onOrder: (order: RunOrder) => void;
  readonly cursor: Cursor;
  /** Whether every run shown is selected, and whether any run is. */
  readonly isAll: boolean;
  readonly isSome: boolean;
  readonly onSelectAll: () => void;
  /** The width while the user drags. */
  readonly onDrag: (key: string, width: number) => void;
  /** The width at the end of a drag; undefined for the usual one. */
  readonly onWidth: (key: string, width: number | undefined) => void;
}

/** The heading of the grid, by which it is sorted and its columns are resized. */
export function GridHead({ columns, cursor, ...props }: Props) {
  const { order, onOrder, isAll, isSome } = props;
  const tabIndex = (column: number) => (cursor.row === HEAD && cursor.column === column ? 0 : -1);
  return (
    <thead>
      <tr aria-rowindex={1} data-row={HEAD}>
        <th
          scope="col"
          className="pinned"
          style={{ left: 0 }}
          aria-colindex={1}
          data-column={0}
          tabIndex={tabIndex(0)}
          aria-label="Selected; press Space to select every run shown"
        >
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label="Select every run shown"
            checked={isAll}
            ref={(box) => {
              if (box !== null) box.indeterminate = isSome && !isAll;
            }}
            onChange={props.onSelectAll}
          />
        </th>
        {columns.map(({ key, heading, isNumber, left, width }, index) => {
          const isSorted = order.key === key;
          const direction = order.isDescending ? "descending" : "ascending";
          const classes = [isNumber ? "number" : "", left === undefined ? "" : "pinned"];
          const sort = () => onOrder({ key, isDescending: isSorted && !order.isDescending });
          return (
            <th
              key={key}
              scope="col"
              className={classes.join(" ").trim() || undefined}
              style={left === undefined ? undefined : { left }}
              aria-sort={isSorted ? direction : undefined}
              aria-colindex={index + 2}
              data-column={index + 1}
              tabIndex={tabIndex(index + 1)}
              title={heading}
              onClick={sort}
            >
              <span className="heading">
                <bdi>{heading}</bdi>
                {isSorted && <span aria-hidden="true">{order.isDescending ? " ↓" : " ↑"}</span>}
              </span>
              <Edge
                width={width}
                onDrag={(changed) => props.onDrag(key, changed)}
                onWidth={(changed) => props.onWidth(key, changed)}
              />
            </th>
          );
        })}
        <td role="presentation" />
      </tr>
    </thead>
  );
}

interface EdgeProps {
  readonly width: number;
  readonly onDrag: (width: number) => void;
  readonly onWidth: (width: number | undefined) => void;
}

/** The edge of a column, which a pointer drags; the keyboard has [ and ] for it. */
function Edge({ width, onDrag, onWidth }: EdgeProps) {
  const start = useRef<{ x: number; width: number }>(undefined);
  const widthAt = (event: PointerEvent) => {
    const { x = event.clientX, width: before = width } = start.current ?? {};
    const changed = Math.round(before + event.clientX - x);
    return Math.max(LEAST_WIDTH, Math.min(changed, MOST_WIDTH));
  };
  return (
    <span
      className="edge"
      aria-hidden="true"
      title="Drag to resize; double-click for the usual width"
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={() => onWidth(undefined)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => start.current !== undefined && onDrag(widthAt(event))}
      onPointerUp={(event) => {
        const hasMoved = start.current !== undefined && start.current.x !== event.clientX;
        const changed = widthAt(event);
        start.current = undefined;
        if (hasMoved) onWidth(changed);
      }}
      onPointerCancel={() => {
        start.current = undefined;
        onWidth(width);
      }}
    />
  );
}
