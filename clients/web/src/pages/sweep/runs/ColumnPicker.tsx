import { type SyntheticEvent, useId, useState } from "react";
import { headingOf } from "../../../store/runCells";
import {
  type Column,
  type ColumnKind,
  isOnRequest,
  NAME_KEY,
  type RunTable,
  STATE_KEY,
} from "../../../store/runTable";
import { Popup } from "./Popup";
import { useReportedNames } from "./useReportedNames";

const GROUPS: readonly [ColumnKind, string][] = [
  ["objective", "Objectives"],
  ["parameter", "Parameters"],
  ["summary", "Last values of metrics"],
  ["label", "Labels"],
  ["field", "About the run"],
];
/** More hidden columns of a group than these are searched, not read. */
const MOST_SHOWN = 60;

interface Props {
  readonly sweepId: string;
  readonly table: RunTable;
  readonly shown: readonly string[];
  readonly pinned: readonly string[];
  /** Adds keys that the table does not have yet, too. */
  readonly onChange: (shown: readonly string[]) => void;
  readonly onPin: (key: string) => void;
  readonly onReset: () => void;
}

/** Chooses the columns, their order, and which of them stay while the others scroll. */
export function ColumnPicker(props: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Popup label="Columns" title="Columns" side="end" isOpen={isOpen} onOpen={setOpen}>
      <Choice {...props} />
    </Popup>
  );
}

function Choice({ sweepId, table, shown, pinned, onChange, onPin, onReset }: Props) {
  const id = useId();
  const [wanted, setWanted] = useState("");
  const [kind, setKind] = useState<"summary" | "label">("summary");
  const names = useReportedNames(sweepId);
  const columnOf = (key: string) => table.columns.find((column) => column.key === key);
  const isFound = (column: Column) =>
    headingOf(column).toLowerCase().includes(wanted.toLowerCase());
  const hidden = table.columns.filter(({ key }) => !shown.includes(key)).filter(isFound);
  const move = (key: string, by: number) => {
    const others = shown.filter((each) => each !== key);
    const place = Math.max(0, Math.min(shown.indexOf(key) + by, others.length));
    onChange([...others.slice(0, place), key, ...others.slice(place)]);
  };
  const add = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = new FormData(form).get("name");
    if (typeof name !== "string" || name === "") return;
    const key = `${kind}:${name}`;
    if (!shown.includes(key)) onChange([...shown, key]);
    form.reset();
  };
  return (
    <>
      <div className="popup-head">
        <strong>Shown</strong>
        <button type="button" className="link" onClick={onReset}>
          Usual columns
        </button>
      </div>
      <ol className="column-list">
        <li>
          <span>State</span>
          <Pin name="State" isPinned={pinned.includes(STATE_KEY)} onPin={() => onPin(STATE_KEY)} />
        </li>
        {shown.map((key, index) => {
          const column = columnOf(key);
          const name = column === undefined ? key.slice(key.indexOf(":") + 1) : headingOf(column);
          return (
            <li key={key}>
              <label>
                <input
                  type="checkbox"
                  checked
                  onChange={() => onChange(shown.filter((each) => each !== key))}
                />
                <span>
                  <bdi>{name}</bdi>
                  {column === undefined && (
                    <span className="faint">
                      {isOnRequest(key) ? " loading …" : " not in this sweep"}
                    </span>
                  )}
                </span>
              </label>
              <button
                type="button"
                aria-label={`Move ${name} up`}
                disabled={index === 0}
                onClick={() => move(key, -1)}
              >
                ↑
              </button>
              <button
                type="button"
                aria-label={`Move ${name} down`}
                disabled={index === shown.length - 1}
                onClick={() => move(key, 1)}
              >
                ↓
              </button>
              <Pin name={name} isPinned={pinned.includes(key)} onPin={() => onPin(key)} />
            </li>
          );
        })}
      </ol>
      <strong>More columns</strong>
      <input
        type="search"
        aria-label="Search the columns"
        placeholder="Name of a column"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      {GROUPS.map(([group, title]) => {
        const columns = hidden.filter((column) => column.kind === group);
        const hasName = group === "field" && columnOf(NAME_KEY) === undefined;
        if (columns.length === 0 && !hasName) return null;
        return (
          <fieldset key={group}>
            <legend className="faint">{title}</legend>
            {hasName && <Hidden name="Name" onAdd={() => onChange([...shown, NAME_KEY])} />}
            {columns.slice(0, MOST_SHOWN).map((column) => (
              <Hidden
                key={column.key}
                name={headingOf(column)}
                onAdd={() => onChange([...shown, column.key])}
              />
            ))}
            {columns.length > MOST_SHOWN && (
              <p className="hint">{columns.length - MOST_SHOWN} more: type a part of the name.</p>
            )}
          </fieldset>
        );
      })}
      <form onSubmit={add} className="column-add">
        <div className="field">
          <label htmlFor={`${id}-kind`}>Add a</label>
          <select
            id={`${id}-kind`}
            value={kind}
            onChange={(event) => setKind(event.target.value === "label" ? "label" : "summary")}
          >
            <option value="summary">metric</option>
            <option value="label">label</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-name`}>named</label>
          <input id={`${id}-name`} name="name" maxLength={200} size={12} list={`${id}-names`} />
          <datalist id={`${id}-names`}>
            {names[kind].map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
        <button type="submit">Add</button>
      </form>
    </>
  );
}

function Hidden({ name, onAdd }: { name: string; onAdd: () => void }) {
  return (
    <label>
      <input type="checkbox" checked={false} onChange={onAdd} />
      <bdi>{name}</bdi>
    </label>
  );
}

function Pin({ name, isPinned, onPin }: { name: string; isPinned: boolean; onPin: () => void }) {
  return (
    <button type="button" aria-pressed={isPinned} aria-label={`Pin ${name}`} onClick={onPin}>
      {isPinned ? "Pinned" : "Pin"}
    </button>
  );
}
