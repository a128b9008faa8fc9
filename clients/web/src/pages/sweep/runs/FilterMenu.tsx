import { useId, useState } from "react";
import { conditionName, topText } from "../../../store/filterText";
import { withCondition } from "../../../store/runFilter";
import { RUN_STATE_NAMES, RUN_STATES } from "../../../store/runStates";
import { NAME_KEY, NUMBER_KEY, type RunFilter, type RunTable } from "../../../store/runTable";
import { useCurrentSweep } from "../sweepContext";
import { useReportedNames } from "./useReportedNames";

const SHARES = [0.01, 0.05, 0.1, 0.25, 0.5];
/** More entries than these make a list that people search instead of reading. */
const MOST_SHOWN = 100;

interface Props {
  readonly table: RunTable;
  readonly filter: RunFilter;
  readonly onChange: (filter: RunFilter) => void;
  readonly hasBest: boolean;
  /** Opens the condition on a column. */
  readonly onEdit: (key: string) => void;
}

/** What can be filtered: states, the best runs, and every column. */
export function FilterMenu({ table, filter, onChange, hasBest, onEdit }: Props) {
  const id = useId();
  const [wanted, setWanted] = useState("");
  const states = new Set(filter.states);
  const entries = [
    ...table.columns.map((column) => ({
      key: column.key,
      name: conditionName(column, column.key),
      kind: KINDS[column.kind],
    })),
    { key: NUMBER_KEY, name: conditionName(undefined, NUMBER_KEY), kind: "" },
    ...useMore(table),
  ];
  const found = entries.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  const choose = (key: string) => {
    const isNew = !filter.conditions.some((each) => each.key === key);
    if (isNew) onChange(withCondition(filter, key, {}));
    onEdit(key);
  };
  return (
    <>
      <fieldset>
        <legend>States</legend>
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
                {topText(share)}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="field">
        <label htmlFor={`${id}-column`}>By a column</label>
        <input
          id={`${id}-column`}
          type="search"
          placeholder="Name of a column"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      </div>
      <ul className="menu-list">
        {found.slice(0, MOST_SHOWN).map(({ key, name, kind }) => (
          <li key={key}>
            <button type="button" onClick={() => choose(key)}>
              <bdi>{name}</bdi>
              {kind !== "" && <span className="faint"> {kind}</span>}
            </button>
          </li>
        ))}
      </ul>
      {found.length > MOST_SHOWN && (
        <p className="hint">{found.length - MOST_SHOWN} more: type a part of the name.</p>
      )}
      {found.length === 0 && <p className="hint">No column has this in its name.</p>}
    </>
  );
}

/** Returns the columns that are read once they are chosen. */
function useMore(table: RunTable) {
  const { sweepId } = useCurrentSweep();
  const { summary, label } = useReportedNames(sweepId);
  const objectives = new Set(
    table.columns.filter(({ kind }) => kind === "objective").map(({ name }) => name),
  );
  const known = new Set(table.columns.map(({ key }) => key));
  const more = [
    { key: NAME_KEY, name: conditionName(undefined, NAME_KEY), kind: "" },
    ...label.map((name) => ({ key: `label:${name}`, name, kind: KINDS.label })),
    ...summary
      .filter((name) => !objectives.has(name))
      .map((name) => ({ key: `summary:${name}`, name, kind: KINDS.summary })),
  ];
  return more.filter(({ key }) => !known.has(key));
}

const KINDS = {
  parameter: "parameter",
  objective: "objective",
  summary: "metric",
  label: "label",
  field: "",
} as const;

function sharesWith(top: number | undefined): number[] {
  if (top === undefined || SHARES.includes(top)) return SHARES;
  return [...SHARES, top].sort((one, other) => one - other);
}
