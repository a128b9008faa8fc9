import { type ReactNode, useId } from "react";
import { LINE_COUNTS, type LineCount } from "../../../store/parallelSearch";
import { headingOf } from "../../../store/runCells";
import type { RunTable } from "../../../store/runTable";
import { AxisPicker } from "./AxisPicker";
import type { ParallelChanges } from "./useParallelSearch";

interface Props {
  readonly table: RunTable;
  /** The keys of the axes. */
  readonly shown: readonly string[];
  /** The key of the column that gives the colors. */
  readonly color: string | undefined;
  readonly lines: LineCount;
  /** Whether the sweep has several objectives. */
  readonly isSeveral: boolean;
  /** Whether the axes are not those of before the user chose. */
  readonly isChosen: boolean;
  readonly onChange: (changed: ParallelChanges) => void;
  readonly onShow: (keys: readonly string[]) => void;
  readonly onMetric: (name: string) => void;
  readonly children: ReactNode;
}

/** What the plot shows: its colors, lines and axes. */
export function ParallelControls(props: Props) {
  const { table, shown, color, lines, isSeveral, isChosen, children } = props;
  const { onChange, onShow, onMetric } = props;
  const id = useId();
  return (
    <div className="filters">
      <div className="field">
        <label htmlFor={`${id}-color`}>Color by</label>
        <select
          id={`${id}-color`}
          value={color ?? ""}
          onChange={(event) => onChange({ color: event.target.value })}
        >
          {table.columns.map((column) => (
            <option key={column.key} value={column.key}>
              {headingOf(column)}
            </option>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor={`${id}-lines`}>
          {isSeveral ? "Lines of the front" : "Lines of the best runs"}
        </label>
        <select
          id={`${id}-lines`}
          value={lines}
          onChange={(event) => {
            const chosen = Number(event.target.value);
            onChange({ lines: LINE_COUNTS.find((each) => each === chosen) });
          }}
        >
          {LINE_COUNTS.map((each) => (
            <option key={each} value={each}>
              {each === 0 ? "none" : each}
            </option>
          ))}
        </select>
      </div>
      {children}
      <AxisPicker table={table} shown={shown} onChange={onShow} onMetric={onMetric} />
      {isChosen && (
        <button type="button" onClick={() => onChange({ axes: undefined })}>
          Reset axes
        </button>
      )}
    </div>
  );
}
