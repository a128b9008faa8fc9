import { useId, useState } from "react";

interface Props {
  readonly label: string;
  readonly value: string;
  /** Returns whether the text could be taken over. */
  readonly onChange: (value: string) => boolean;
  readonly problem?: string | undefined;
  readonly hint?: string | undefined;
  readonly placeholder?: string | undefined;
}

/** A field whose text is the user's own while it has the focus, and the config's otherwise. */
export function DraftInput({ label, value, onChange, problem, hint, placeholder }: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const [isTaken, setTaken] = useState(true);
  const said = isTaken ? problem : "This is not finished yet.";
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        value={draft ?? value}
        placeholder={placeholder}
        aria-invalid={said !== undefined}
        aria-describedby={`${id}-said`}
        onFocus={() => setDraft(value)}
        onBlur={() => {
          setDraft(undefined);
          setTaken(true);
        }}
        onChange={(event) => {
          setDraft(event.target.value);
          setTaken(onChange(event.target.value));
        }}
      />
      <span id={`${id}-said`} className={said === undefined ? "hint" : "hint at-fault"}>
        {said === undefined ? hint : `✗ ${said}`}
      </span>
    </div>
  );
}
