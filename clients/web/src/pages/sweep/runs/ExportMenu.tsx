import { useEffect, useRef, useState } from "react";
import { buildFile } from "../../../store/buildFile";
import { exportCommand, type FileFormat } from "../../../store/exportCommand";
import { formatCount } from "../../../store/format";
import { csvParts, jsonLinesParts } from "../../../store/runFiles";
import type { Column, RunFilter, RunTable } from "../../../store/runTable";
import { CopyBox } from "../../../ui/CopyBox";
import { download } from "../../../ui/download";
import { Popup } from "./Popup";

interface Props {
  readonly sweepId: string;
  readonly table: RunTable;
  /** The runs that the filter keeps, in the table's order. */
  readonly numbers: Int32Array;
  readonly selected: ReadonlySet<number>;
  readonly columns: readonly Column[];
  readonly filter: RunFilter;
}

/** Exports the runs as a file, and shows the command that does the same. */
export function ExportMenu({ sweepId, table, numbers, selected, columns, filter }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [isAllColumns, setAllColumns] = useState(false);
  const [isSelected, setSelected] = useState(true);
  const [progress, setProgress] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const isOfSelected = selected.size > 0 && isSelected;
  const rows = isOfSelected ? numbers.filter((number) => selected.has(number)) : numbers;
  const save = async (format: FileFormat) => {
    const wanted = isAllColumns ? table.columns : columns;
    const makeParts = format === "csv" ? csvParts : jsonLinesParts;
    const type = format === "csv" ? "text/csv;charset=utf-8" : "application/jsonl";
    const count = formatCount(rows.length);
    const onPart = (part: number) => {
      if (part === 1) setProgress(`Writing ${count} runs …`);
    };
    stop.current?.abort();
    const current = new AbortController();
    stop.current = current;
    const { signal } = current;
    try {
      const file = await buildFile(makeParts(table, rows, wanted), type, onPart, signal);
      download(`${sweepId}-runs.${format}`, file);
      setProgress(`${count} runs are in the file.`);
    } catch (error) {
      // Another file was asked for, or the page was left.
      if (!signal.aborted) throw error;
    }
  };
  const { command, isSame } = exportCommand(sweepId, filter, "csv");
  return (
    <Popup label="Export" title="Export" side="end" isOpen={isOpen} onOpen={setOpen}>
      <p className="export-count">
        <strong>{formatCount(rows.length)} runs</strong>, in the order of the table
      </p>
      {selected.size > 0 && (
        <label>
          <input
            type="checkbox"
            checked={isSelected}
            onChange={(event) => setSelected(event.target.checked)}
          />
          Only the selected ones
        </label>
      )}
      <label>
        <input
          type="checkbox"
          checked={isAllColumns}
          onChange={(event) => setAllColumns(event.target.checked)}
        />
        All columns, not only those shown
      </label>
      <div className="actions">
        <button type="button" onClick={() => save("csv")}>
          CSV
        </button>
        <button type="button" onClick={() => save("jsonl")}>
          JSON lines
        </button>
      </div>
      <span role="status">{progress}</span>
      <p className="hint">
        {isSame && !isOfSelected
          ? "The same runs in a terminal:"
          : "A terminal filters by state only; this command exports more runs:"}
      </p>
      <CopyBox label="command" text={command} />
    </Popup>
  );
}
