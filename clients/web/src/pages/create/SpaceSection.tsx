import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { FieldProblem } from "../../rpc/problems";
import { formatCount } from "../../store/format";
import type { ParameterForm, SweepForm } from "../../store/sweepConfig";
import { problemAt, problemsWithin } from "../../store/sweepConfigProblems";
import { keepIds, type ParameterRow as Row } from "../../store/sweepConfigRows";
import {
  addGroup,
  addParameter,
  removeConstraint,
  setConstraint,
} from "../../store/sweepConfigSpaceEdits";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";
import { ParameterRow } from "./ParameterRow";
import { Section } from "./Section";
import "./space.css";

interface Props {
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly edit: Edit;
}

const NONE: readonly never[] = [];
// A short list is shown open: there is nothing to find in it.
const FEW = 3;

/** The search space: parameters, conditions between them, and constraints. */
export function SpaceSection({ form, problems, edit }: Props) {
  const before = useRef<readonly Row[]>(NONE);
  const rows = useMemo(() => {
    before.current = keepIds(before.current, form.parameters);
    return before.current;
  }, [form.parameters]);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [query, setQuery] = useState("");
  const isShort = useRef(rows.length <= FEW).current;
  const known = useRef<readonly Row[]>(rows);
  const opensNext = useRef(false);
  useEffect(() => {
    const ids = new Set(known.current.map(({ id }) => id));
    const added = rows.filter(({ id }) => !ids.has(id));
    known.current = rows;
    if (added.length === 0) return;
    // Rows that were added open, a text that was pasted stays short.
    const isOpened = opensNext.current;
    opensNext.current = false;
    if (isOpened !== isShort) {
      setToggled((before) => new Set([...before, ...added.map(({ id }) => id)]));
    }
    if (isOpened) focusName(added.at(-1)?.id);
  }, [rows, isShort]);
  const add = (change: (text: string) => string) => {
    opensNext.current = true;
    setQuery("");
    edit(change);
  };
  const toggle = useCallback((id: string) => {
    setToggled((ids) => {
      const next = new Set(ids);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const byRow = useProblems(rows, problems);
  const plain = useMemo(
    () => form.parameters.filter(({ distribution }) => distribution !== "group"),
    [form.parameters],
  );
  const lowered = query.toLowerCase();
  const shown = rows.filter(({ parameter }) => fullName(parameter).toLowerCase().includes(lowered));
  return (
    <Section id="space" title="Search space" problem={problemAt(problems, ["parameters"])}>
      <div className="space-head">
        <span className="faint" aria-live="polite">
          {formatCount(plain.length)} {plain.length === 1 ? "parameter" : "parameters"}
          {query !== "" && `, ${formatCount(shown.length)} shown`}
        </span>
        {rows.length > 8 && (
          <input
            type="search"
            aria-label="Find a parameter"
            placeholder="Find a parameter"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
        )}
      </div>
      <ul className="parameter-list">
        {shown.map((row) => {
          const isOpen = toggled.has(row.id) !== isShort;
          return (
            <ParameterRow
              key={row.id}
              row={row}
              problems={byRow.get(row.id) ?? NONE}
              isOpen={isOpen}
              others={isOpen ? plain.filter((other) => other !== row.parameter) : NONE}
              onToggle={toggle}
              edit={edit}
            />
          );
        })}
      </ul>
      <div className="actions">
        <button type="button" onClick={() => add((text) => addParameter(text))}>
          Add a parameter
        </button>
        <button type="button" onClick={() => add((text) => addGroup(text))}>
          Add a group
        </button>
      </div>
      <h3>Constraints</h3>
      <p className="hint">
        Expressions that every run meets, for example <code>warmup &lt; total / 2</code>; a
        parameter of a group is written <code>group.name</code>.
      </p>
      {form.constraints.map((constraint, index) => (
        <div className="condition-line" key={index}>
          <DraftInput
            label={`Constraint ${index + 1}`}
            isCode
            isWide
            value={constraint}
            problem={problemAt(problems, ["constraints", index])}
            onChange={(typed) => edit((text) => setConstraint(text, index, typed))}
          />
          <button
            type="button"
            aria-label={`Remove constraint ${index + 1}`}
            onClick={() => edit((text) => removeConstraint(text, index))}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => edit((text) => setConstraint(text, form.constraints.length, ""))}
      >
        Add a constraint
      </button>
    </Section>
  );
}

/** Puts the focus into the name of a row, once the row is open. */
function focusName(id: string | undefined): void {
  requestAnimationFrame(() => {
    const fields = document.getElementById(`${id}-fields`);
    fields?.scrollIntoView({ block: "nearest" });
    fields?.querySelector("input")?.select();
  });
}

function fullName({ groups, name }: ParameterForm): string {
  return [...groups, name].join("/");
}

/** Returns the problems of each row by its id; those of a group's parameters are not the group's. */
function useProblems(rows: readonly Row[], problems: readonly FieldProblem[]) {
  return useMemo(() => {
    const byRow = new Map<string, readonly FieldProblem[]>();
    if (problems.length === 0) return byRow;
    for (const { id, parameter } of rows) {
      const within = problemsWithin(problems, parameter.path);
      const inner = problemsWithin(problems, [...parameter.path, "parameters"]);
      const own =
        parameter.distribution === "group"
          ? within.filter((each) => !inner.includes(each))
          : within;
      if (own.length > 0) byRow.set(id, own);
    }
    return byRow;
  }, [rows, problems]);
}
