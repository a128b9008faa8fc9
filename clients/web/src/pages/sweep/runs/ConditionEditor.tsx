import { useId, useState } from "react";
import { conditionName } from "../../../store/filterText";
import { isTime } from "../../../store/runCells";
import {
  type Column,
  type ColumnCondition,
  isOnRequest,
  NUMBER_KEY,
} from "../../../store/runTable";
import { fromLocalField, toLocalField, zoneName } from "../../../store/times";
import { CategoryChoice } from "./CategoryChoice";

interface Props {
  /** Undefined for the runs' numbers, and for a column that the table lacks. */
  readonly column: Column | undefined;
  readonly condition: ColumnCondition;
  readonly onChange: (condition: ColumnCondition) => void;
  readonly onBack: () => void;
}

/** Changes the condition on one column. */
export function ConditionEditor({ column, condition, onChange, onBack }: Props) {
  const isNumber = condition.key === NUMBER_KEY;
  const isLost = column === undefined && !isNumber;
  const isCategory = column?.scale === "category";
  const name = conditionName(column, condition.key);
  return (
    <>
      <div className="popup-head">
        <button type="button" className="link" onClick={onBack}>
          <span aria-hidden="true">‹ </span>All filters
        </button>
        <strong>
          <bdi>{name}</bdi>
        </strong>
      </div>
      {isLost && (
        <p className="hint" role="status">
          {isOnRequest(condition.key)
            ? "Reading the column …"
            : "This sweep has no such column: the condition has no effect."}
        </p>
      )}
      {!isLost && !isCategory && !isOnlyMissing(condition) && (
        <div className="bounds">
          <Bound column={column} bound="min" condition={condition} onChange={onChange} />
          <Bound column={column} bound="max" condition={condition} onChange={onChange} />
        </div>
      )}
      {column !== undefined && isTime(column) && <p className="hint">Times in {zoneName()}.</p>}
      {column !== undefined && isCategory && !isOnlyMissing(condition) && (
        <CategoryChoice column={column} condition={condition} onChange={onChange} />
      )}
      {!isLost && !isNumber && <Missing condition={condition} onChange={onChange} />}
    </>
  );
}

type ChangeProps = Pick<Props, "condition" | "onChange">;

/** Whether only runs without a value are kept. */
function isOnlyMissing({ missing, categories, unknown = [] }: ColumnCondition): boolean {
  return missing === true && categories?.length === 0 && unknown.length === 0;
}

function Missing({ condition, onChange }: ChangeProps) {
  const id = useId();
  const { key, missing, ...rest } = condition;
  const value = isOnlyMissing(condition) ? "only" : missing === true ? "also" : "hidden";
  const change = (chosen: string) => {
    if (chosen === "only") return onChange({ key, categories: [], missing: true });
    const { categories, ...others } = rest;
    const kept = categories === undefined || value === "only" ? others : { ...others, categories };
    onChange(chosen === "also" ? { key, ...kept, missing: true } : { key, ...kept });
  };
  return (
    <div className="field">
      <label htmlFor={id}>Runs without a value</label>
      <select id={id} value={value} onChange={(event) => change(event.target.value)}>
        <option value="hidden">are hidden</option>
        <option value="also">are shown too</option>
        <option value="only">are the only ones shown</option>
      </select>
    </div>
  );
}

interface BoundProps extends ChangeProps {
  readonly column: Column | undefined;
  readonly bound: "min" | "max";
}

function Bound({ column, bound, condition, onChange }: BoundProps) {
  const id = useId();
  const isDate = column !== undefined && isTime(column);
  const value = condition[bound];
  const text = value === undefined ? "" : isDate ? toLocalField(value) : String(value);
  const [typed, setTyped] = useState(text);
  const [seen, setSeen] = useState(text);
  // The address may change without the field, by the browser's Back.
  if (seen !== text) {
    setSeen(text);
    setTyped(text);
  }
  const unit = column?.kind === "field" && column.name === "duration" ? " (seconds)" : "";
  const change = (typed: string) => {
    const { [bound]: _, ...rest } = condition;
    const number = isDate ? fromLocalField(typed) : typed === "" ? undefined : Number(typed);
    onChange(number === undefined || Number.isNaN(number) ? rest : { ...rest, [bound]: number });
  };
  const other = condition[bound === "min" ? "max" : "min"];
  const isCrossed = value !== undefined && other !== undefined && bound === "max" && value < other;
  return (
    <div className="field">
      <label htmlFor={id}>
        {bound === "min" ? "From" : "To"}
        {unit}
      </label>
      <input
        id={id}
        type={isDate ? "datetime-local" : "number"}
        step={isDate ? 1 : "any"}
        placeholder={isDate || column === undefined ? undefined : String(column[bound])}
        value={typed}
        aria-invalid={isCrossed}
        aria-describedby={isCrossed ? `${id}-crossed` : undefined}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => typed !== text && change(typed)}
        onKeyDown={(event) => {
          if (event.key === "Enter") change(typed);
        }}
      />
      {isCrossed && (
        <span id={`${id}-crossed`} className="at-fault">
          Less than “From”: no run matches.
        </span>
      )}
    </div>
  );
}
