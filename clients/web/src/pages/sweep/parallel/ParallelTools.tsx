import type { ReactNode } from "react";
import { useState } from "react";
import { type Axis, formatCell } from "../../../store/parallelAxes";
import { headingOf } from "../../../store/runCells";
import { csvParts } from "../../../store/runFiles";
import { runStateName } from "../../../store/runStates";
import type { RunTable } from "../../../store/runTable";
import { DataTable, MOST_ROWS } from "../../../ui/Chart";
import { download } from "../../../ui/download";

interface Props {
  readonly name: string;
  readonly table: RunTable;
  readonly axes: readonly Axis[];
  readonly mask: Uint8Array;
  readonly matching: number;
  /** Returns the plot as a picture. */
  readonly draw: () => HTMLCanvasElement | undefined;
  readonly children: ReactNode;
}

/** A plot with the tools of every chart: its data as a table, as CSV, and the plot as a picture. */
export function ParallelTools({ name, table, axes, mask, matching, draw, children }: Props) {
  const [isTable, setTable] = useState(false);
  const saveTable = () => {
    const columns = axes.map(({ column }) => column);
    const numbers = Int32Array.from(rowsOf(mask, table.count), (row) => table.numbers[row] ?? 0);
    const csv = new Blob([...csvParts(table, numbers, columns)], {
      type: "text/csv;charset=utf-8",
    });
    download(`${name}.csv`, csv);
  };
  const savePicture = () =>
    draw()?.toBlob((blob) => {
      if (blob !== null) download(`${name}.png`, blob);
    });
  return (
    <>
      {isTable ? (
        <DataTable
          title="Parallel coordinates"
          table={{
            head: ["run", "state", ...axes.map(({ column }) => headingOf(column))],
            rows: rowsOf(mask, MOST_ROWS).map((row) => [
              table.numbers[row],
              runStateName(table.states[row] ?? 0),
              ...axes.map(({ column }) => {
                const value = column.values[row] ?? Number.NaN;
                const isText = column.scale === "category" || column.kind === "field";
                return isText || Number.isNaN(value) ? formatCell(column, value) : value;
              }),
            ]),
          }}
          total={matching}
        />
      ) : (
        children
      )}
      <div className="chart-tools">
        <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          Show data as a table
        </button>
        <button
          type="button"
          onClick={saveTable}
          disabled={matching === 0}
          aria-label="Parallel coordinates: download CSV"
        >
          CSV
        </button>
        <button
          type="button"
          onClick={savePicture}
          disabled={isTable || axes.length < 2}
          aria-label="Parallel coordinates: download picture"
        >
          Picture
        </button>
      </div>
    </>
  );
}

/** Returns the first rows that match. */
function rowsOf(mask: Uint8Array, most: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < mask.length && rows.length < most; row++) {
    if (mask[row] === 1) rows.push(row);
  }
  return rows;
}
