import { type Axis, formatCell } from "../../../store/parallelAxes";
import { headingOf } from "../../../store/runCells";
import type { RunTable } from "../../../store/runTable";
import { RunStateText } from "../runs/RunStateText";

interface Props {
  readonly table: RunTable;
  readonly axes: readonly Axis[];
  readonly row: number;
  /** The pointer's place in the plot, and the room that there is. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const WIDTH = 240;

/** The run under the pointer; the table of runs below has the same for the keyboard. */
export function RunTip({ table, axes, row, x, y, width }: Props) {
  const isLeft = x + WIDTH + 16 > width;
  return (
    <div
      className="run-tip"
      aria-hidden="true"
      style={{ left: isLeft ? Math.max(0, x - WIDTH - 12) : x + 12, top: y + 12, width: WIDTH }}
    >
      <p>
        <strong>Run {table.numbers[row]}</strong> <RunStateText state={table.states[row] ?? 0} />
      </p>
      <dl>
        {axes.map(({ key, column }) => (
          <div key={key} className={column.kind === "objective" ? "objective" : undefined}>
            <dt>{headingOf(column)}</dt>
            <dd>{formatCell(column, column.values[row])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
