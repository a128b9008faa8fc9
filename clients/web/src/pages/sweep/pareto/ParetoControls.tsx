import { useId } from "react";
import type { ParetoSearch } from "../../../store/paretoSearch";
import { mayBeLog, type ParetoMetric } from "../../../store/paretoView";
import { headingOf } from "../../../store/runCells";
import type { Column } from "../../../store/runTable";

interface Props {
  readonly metrics: readonly ParetoMetric[];
  readonly pair: readonly [x: ParetoMetric, y: ParetoMetric];
  readonly columns: readonly Column[];
  readonly mask: Uint8Array;
  readonly search: ParetoSearch;
  readonly onChange: (
    changed: {
      [Name in keyof ParetoSearch]: ParetoSearch[Name] | undefined;
    },
  ) => void;
}

/** Chooses the metrics of the axes, their scales and the color. */
export function ParetoControls({ metrics, pair: [x, y], columns, mask, search, onChange }: Props) {
  const { color, log = [], fit } = search;
  const axis = (label: string, shown: ParetoMetric, other: ParetoMetric, isX: boolean) => (
    <label>
      {label}
      <select
        value={shown.name}
        onChange={({ target }) => {
          // Choosing the other axis' metric swaps the two.
          const rest = target.value === other.name ? shown.name : other.name;
          onChange(isX ? { x: target.value, y: rest } : { x: rest, y: target.value });
        }}
      >
        {metrics.map(({ name, goal }) => (
          <option key={name} value={name}>
            {name} ({goal})
          </option>
        ))}
      </select>
    </label>
  );
  const setLog = (name: string, isLog: boolean) => {
    const others = log.filter((each) => each !== name);
    const changed = isLog ? [...others, name] : others;
    onChange({ log: changed.length > 0 ? changed : undefined });
  };
  return (
    <div className="chart-controls pareto-controls">
      {axis("Horizontal", x, y, true)}
      {axis("Vertical", y, x, false)}
      <label>
        Color
        <select
          value={columns.some(({ key }) => key === color) ? color : ""}
          onChange={({ target }) =>
            onChange({ color: target.value === "" ? undefined : target.value })
          }
        >
          <option value="">none</option>
          {(["objective", "parameter", "field"] as const).map((kind) => (
            <optgroup key={kind} label={GROUPS[kind]}>
              {columns
                .filter((column) => column.kind === kind)
                .map((column) => (
                  <option key={column.key} value={column.key}>
                    {headingOf(column)}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
      {[x, y].map((metric) => (
        <LogChoice
          key={metric.name}
          name={metric.name}
          isLog={log.includes(metric.name)}
          isPossible={mayBeLog(metric, mask)}
          onChange={(isLog) => setLog(metric.name, isLog)}
        />
      ))}
      <label>
        <input
          type="checkbox"
          checked={fit === true}
          onChange={({ target }) => onChange({ fit: target.checked ? true : undefined })}
        />
        Fit the axes to the runs shown
      </label>
    </div>
  );
}

const GROUPS = { objective: "Metrics", parameter: "Parameters", field: "Run" } as const;

interface LogChoiceProps {
  readonly name: string;
  readonly isLog: boolean;
  readonly isPossible: boolean;
  readonly onChange: (isLog: boolean) => void;
}

function LogChoice({ name, isLog, isPossible, onChange }: LogChoiceProps) {
  const id = useId();
  return (
    <label htmlFor={id} title={isPossible ? undefined : "Some values are not positive."}>
      <input
        id={id}
        type="checkbox"
        checked={isLog && isPossible}
        disabled={!isPossible}
        onChange={({ target }) => onChange(target.checked)}
      />
      <span className="clipped">{name}</span> logarithmic
    </label>
  );
}
