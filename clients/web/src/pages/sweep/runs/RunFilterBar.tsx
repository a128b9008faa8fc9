import { useId } from "react";
import { headingOf, isTime } from "../../../store/runCells";
import { ALL_RUNS, isEmptyFilter, withCondition } from "../../../store/runFilter";
import { RUN_STATE_NAMES, RUN_STATES } from "../../../store/runStates";
import type { Column, ColumnCondition, RunFilter, RunTable } from "../../../store/runTable";
import { fromLocalField, toLocalField } from "../../../store/times";

const SHARES = [0.01, 0.05, 0.1, 0.25, 0.5];
/** More than these are no choice that fits a page; free texts have many more. */
const MOST_CATEGORIES = 50;

interface Props {
  readonly table: RunTable;
  readonly filter: RunFilter;
  readonly onChange: (filter: RunFilter) => void;
  /** Whether the sweep has one objective, by which its best runs are known. */
  readonly hasBest: boolean;
}

/** The filter that every page of the sweep obeys. */
export function RunFilterBar({ table, filter, onChange, hasBest }: Props) {
  const id = useId();
  const used = new Set(filter.conditions.map(({ key }) => key));
  const free = table.columns.filter(
    ({ key, categories }) => !used.has(key) && categories.length <= MOST_CATEGORIES,
  );
  const states = new Set(filter.states);
  return (
    // biome-ignore lint/a11y/useSemanticElements: React knows <search>, browsers of last year do not
    <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>State</legend>
        <div className="choices">
          {RUN_STATE_NAMES.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={states.has(RUN_STATES[name])}
                onChange={(event) => {
                  if (event.target.checked) states.add(RUN_STATES[name]);
                  else states.delete(RUN_STATES[name]);
                  onChange({ ...filter, states: [...states] });
                }}
              />
              {name}
            </label>
          ))}
        </div>
      </fieldset>
      {hasBest && (
        <div className="field">
          <label htmlFor={`${id}-top`}>Best runs</label>
          <select
            id={`${id}-top`}
            value={filter.top ?? ""}
            onChange={(event) => {
              const { top: _, ...rest } = filter;
              const share = Number(event.target.value);
              onChange(share > 0 ? { ...rest, top: share } : rest);
            }}
          >
            <option value="">all runs</option>
            {sharesWith(filter.top).map((share) => (
              <option key={share} value={share}>
                best {Number((share * 100).toPrecision(3))} %
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="field">
        <label htmlFor={`${id}-add`}>Condition</label>
        <select
          id={`${id}-add`}
          value=""
          onChange={(event) => onChange(withCondition(filter, event.target.value, {}))}
        >
          <option value="" disabled>
            on a column …
          </option>
          {free.map((column) => (
            <option key={column.key} value={column.key}>
              {headingOf(column)}
            </option>
          ))}
        </select>
      </div>
      {!isEmptyFilter(filter) && (
        <button type="button" onClick={() => onChange(ALL_RUNS)}>
          Show all runs
        </button>
      )}
      {filter.conditions.length > 0 && (
        <div className="conditions">
          {filter.conditions.map((condition) => (
            <Condition
              key={condition.key}
              column={table.columns.find(({ key }) => key === condition.key)}
              condition={condition}
              onChange={(changed) => onChange(replaced(filter, condition.key, changed))}
            />
          ))}
        </div>
      )}
    </form>
  );
}

function sharesWith(top: number | undefined): number[] {
  if (top === undefined || SHARES.includes(top)) return SHARES;
  return [...SHARES, top].sort((one, other) => one - other);
}

/** Replaces a condition where it stands, so that the focus stays in its field. */
function replaced(filter: RunFilter, key: string, changed: ColumnCondition | undefined): RunFilter {
  if (changed === undefined) return withCondition(filter, key, undefined);
  const conditions = filter.conditions.map((each) => (each.key === key ? changed : each));
  return { ...filter, conditions };
}

interface ConditionProps {
  readonly column: Column | undefined;
  readonly condition: ColumnCondition;
  readonly onChange: (condition: ColumnCondition | undefined) => void;
}

function Condition({ column, condition, onChange }: ConditionProps) {
  const name = column === undefined ? condition.key : headingOf(column);
  return (
    <fieldset className="condition">
      <legend>{name}</legend>
      {column === undefined && <span className="faint">is no column of this table</span>}
      {column?.scale === "category" && (
        <Categories column={column} condition={condition} onChange={onChange} />
      )}
      {column !== undefined && column.scale !== "category" && (
        <>
          <Bound column={column} bound="min" condition={condition} onChange={onChange} />
          <Bound column={column} bound="max" condition={condition} onChange={onChange} />
        </>
      )}
      <label>
        <input
          type="checkbox"
          checked={condition.missing === true}
          onChange={(event) => onChange({ ...condition, missing: event.target.checked })}
        />{" "}
        or not set
      </label>
      <button
        type="button"
        aria-label={`Remove the condition on ${name}`}
        onClick={() => onChange(undefined)}
      >
        Remove
      </button>
    </fieldset>
  );
}

function Categories({ column, condition, onChange }: ConditionProps & { column: Column }) {
  // Without a list, every category is kept.
  const kept = new Set(condition.categories ?? column.categories.keys());
  return (
    <>
      {column.categories.map((text, index) => (
        <label key={index}>
          <input
            type="checkbox"
            checked={kept.has(index)}
            onChange={(event) => {
              if (event.target.checked) kept.add(index);
              else kept.delete(index);
              onChange({ ...condition, categories: [...kept].sort((a, b) => a - b) });
            }}
          />{" "}
          {text === "" ? "(empty)" : text}
        </label>
      ))}
    </>
  );
}

interface BoundProps {
  readonly column: Column;
  readonly bound: "min" | "max";
  readonly condition: ColumnCondition;
  readonly onChange: (condition: ColumnCondition) => void;
}

function Bound({ column, bound, condition, onChange }: BoundProps) {
  const id = useId();
  const isDate = isTime(column);
  const value = condition[bound];
  const text = value === undefined ? "" : isDate ? toLocalField(value) : String(value);
  const unit = column.kind === "field" && column.name === "duration" ? " (seconds)" : "";
  const change = (typed: string) => {
    const { [bound]: _, ...rest } = condition;
    const number = isDate ? fromLocalField(typed) : typed === "" ? undefined : Number(typed);
    onChange(number === undefined || Number.isNaN(number) ? rest : { ...rest, [bound]: number });
  };
  return (
    <>
      <label htmlFor={id}>
        {bound === "min" ? "from" : "to"}
        {unit}
      </label>
      <input
        // The address may change without the field, by the browser's Back.
        key={text}
        id={id}
        type={isDate ? "datetime-local" : "number"}
        step={isDate ? 1 : "any"}
        placeholder={isDate ? undefined : String(column[bound])}
        defaultValue={text}
        onBlur={(event) => event.target.value !== text && change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") change(event.currentTarget.value);
        }}
      />
    </>
  );
}
