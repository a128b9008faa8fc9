import { cellText } from "../../../store/runCells";
import { rowOf } from "../../../store/runColumns";
import { runStateName } from "../../../store/runStates";
import { NUMBER_KEY, type RunTable, STATE_KEY } from "../../../store/runTable";
import type { GridColumn } from "./gridLayout";
import { RunStateText } from "./RunStateText";

interface Props {
  readonly index: number;
  readonly number: number;
  readonly table: RunTable;
  readonly columns: readonly GridColumn[];
  /** The column of the cell that Tab reaches; undefined if it is in another row. */
  readonly cursorColumn: number | undefined;
  readonly isSelected: boolean;
  readonly isOpen: boolean;
  readonly onSelect: (number: number, isRange: boolean) => void;
  readonly onOpen: (number: number) => void;
}

/** A run in the grid. */
export function GridRow({ index, number, table, columns, cursorColumn, ...props }: Props) {
  const { isSelected, isOpen, onSelect, onOpen } = props;
  const row = rowOf(table.numbers, table.count, number);
  const tabIndex = (column: number) => (cursorColumn === column ? 0 : -1);
  const open = () => {
    // A user who marks a text to copy it does not mean to open the run.
    if (document.getSelection()?.isCollapsed !== false) onOpen(number);
  };
  const classes = [cursorColumn === undefined ? "" : "active", isOpen ? "open" : ""];
  return (
    <tr
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-row={index}
      className={classes.join(" ").trim() || undefined}
      onClick={open}
    >
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears x */}
      <td
        className="pinned"
        style={{ left: 0 }}
        aria-colindex={1}
        data-column={0}
        tabIndex={tabIndex(0)}
        onClick={(event) => {
          event.stopPropagation();
          onSelect(number, event.shiftKey);
        }}
      >
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select run ${number}`}
          checked={isSelected}
          // The cell around it hears the click, with or without Shift.
          onChange={() => {}}
        />
      </td>
      {columns.map((grid, place) => {
        const { key, column, left, isNumber } = grid;
        const classNames = [isNumber ? "number" : "", left === undefined ? "" : "pinned"];
        const text = column === undefined ? "" : cellText(column, row);
        return (
          <td
            key={key}
            className={classNames.join(" ").trim() || undefined}
            style={left === undefined ? undefined : { left }}
            aria-colindex={place + 2}
            data-column={place + 1}
            tabIndex={tabIndex(place + 1)}
            title={titleOf(grid, text, table.states[row] ?? 0)}
          >
            {column !== undefined && (text === "" ? <None /> : <bdi>{text}</bdi>)}
            {column === undefined &&
              (key === NUMBER_KEY ? (
                <span className="run-number">{number}</span>
              ) : (
                <RunStateText state={table.states[row] ?? 0} />
              ))}
          </td>
        );
      })}
      <td role="presentation" />
    </tr>
  );
}

/** Returns the whole text of a cell that may not show it. */
function titleOf({ key, column }: GridColumn, text: string, state: number): string | undefined {
  if (key === STATE_KEY) return runStateName(state);
  return column?.scale === "category" && text !== "" ? text : undefined;
}

function None() {
  return (
    <>
      <span className="faint" aria-hidden="true">
        –
      </span>
      <span className="visually-hidden">no value</span>
    </>
  );
}
