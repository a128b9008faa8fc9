import { useId } from "react";

type Options = readonly string[];

interface Props {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (string | readonly [string, Options])[];
  /** What the empty choice is called. */
  readonly empty?: string;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  readonly onChange: (value: string) => void;
}

/** A list to choose from, in groups if `choices` has some. */
export function Choice({ label, value, choices, empty, hint, problem, onChange }: Props) {
  const id = useId();
  const groups = choices.flatMap((each) => (typeof each === "string" ? each : each[1]));
  const nameOf = (each: string) => (each === "" ? (empty ?? "–") : each);
  const note = problem === undefined ? hint : `✗ ${problem}`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-invalid={problem !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-said`}
        onChange={(event) => onChange(event.target.value)}
      >
        {/* What the text has stays a choice, known or not. */}
        {!groups.includes(value) && <option value={value}>{nameOf(value)}</option>}
        {choices.map((each) =>
          typeof each === "string" ? (
            <option key={each} value={each}>
              {nameOf(each)}
            </option>
          ) : (
            <optgroup key={each[0]} label={each[0]}>
              {each[1].map((inner) => (
                <option key={inner} value={inner}>
                  {nameOf(inner)}
                </option>
              ))}
            </optgroup>
          ),
        )}
      </select>
      {note !== undefined && (
        <span id={`${id}-said`} className={problem === undefined ? "hint" : "hint at-fault"}>
          {note}
        </span>
      )}
    </div>
  );
}
