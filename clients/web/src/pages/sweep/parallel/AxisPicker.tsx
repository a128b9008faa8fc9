import { type SyntheticEvent, useId, useState } from "react";
import { headingOf } from "../../../store/runCells";
import type { ColumnKind, RunTable } from "../../../store/runTable";
import { Popup } from "../runs/Popup";

const GROUPS: readonly [ColumnKind, string][] = [
  ["objective", "Objectives"],
  ["parameter", "Parameters"],
  ["summary", "Other metrics"],
  ["label", "Labels"],
  ["field", "About the run"],
];

interface Props {
  readonly table: RunTable;
  readonly shown: readonly string[];
  readonly onChange: (shown: readonly string[]) => void;
  /** Adds an axis for the last values of a metric. */
  readonly onMetric: (name: string) => void;
}

/** Chooses the columns that have an axis. */
export function AxisPicker({ table, shown, onChange, onMetric }: Props) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const kept = new Set(shown);
  const add = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = new FormData(form).get("metric");
    if (typeof name === "string" && name.trim() !== "") onMetric(name.trim());
    form.reset();
  };
  return (
    <Popup label="Axes" title="Axes" side="end" isOpen={isOpen} onOpen={setOpen}>
      {GROUPS.map(([kind, title]) => {
        const columns = table.columns.filter((column) => column.kind === kind);
        if (columns.length === 0) return null;
        return (
          <fieldset key={kind}>
            <legend className="faint">{title}</legend>
            {columns.map((column) => (
              <label key={column.key}>
                <input
                  type="checkbox"
                  checked={kept.has(column.key)}
                  onChange={(event) =>
                    onChange(
                      event.target.checked
                        ? [...shown, column.key]
                        : shown.filter((key) => key !== column.key),
                    )
                  }
                />
                {headingOf(column)}
              </label>
            ))}
          </fieldset>
        );
      })}
      <form onSubmit={add}>
        <div className="field">
          <label htmlFor={`${id}-metric`}>Last value of another metric</label>
          <span className="actions">
            <input id={`${id}-metric`} name="metric" maxLength={200} size={12} />
            <button type="submit">Add</button>
          </span>
        </div>
      </form>
    </Popup>
  );
}
