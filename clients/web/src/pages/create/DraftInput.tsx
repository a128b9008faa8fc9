import { useEffect, useId, useRef, useState } from "react";

interface Props {
  readonly label: string;
  readonly value: string;
  /** Returns whether the text could be taken over, or why it could not. */
  readonly onChange: (value: string) => boolean | string;
  readonly problem?: string | undefined;
  readonly hint?: string | undefined;
  readonly placeholder?: string | undefined;
  readonly isCode?: boolean;
  readonly isWide?: boolean;
}

// A large config takes longer to read than a key to press.
const PAUSE_MS = 200;

/**
 * A field whose text is the user's own while it has the focus, and the config's otherwise. It hands
 * the text over when the typing rests.
 */
export function DraftInput(props: Props) {
  const { label, value, onChange, problem, hint, placeholder, isCode, isWide } = props;
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const [answer, setAnswer] = useState<boolean | string>(true);
  const waiting = useRef<{ text: string; timer: ReturnType<typeof setTimeout> }>(undefined);
  const latest = useRef(onChange);
  latest.current = onChange;
  const flush = useRef((): boolean | string => {
    if (waiting.current === undefined) return true;
    const { text, timer } = waiting.current;
    clearTimeout(timer);
    waiting.current = undefined;
    return latest.current(text);
  });
  useEffect(() => {
    const handOver = flush.current;
    return () => void handOver();
  }, []);
  const refused = answer === false ? "This is not finished yet." : answer;
  const said = refused === true ? problem : refused;
  const note = said === undefined ? hint : `✗ ${said}`;
  const classes = ["field", isCode && "code-field", isWide && "wide-field"];
  return (
    <div className={classes.filter(Boolean).join(" ")}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        value={draft ?? value}
        placeholder={placeholder}
        spellCheck={!isCode}
        autoComplete="off"
        aria-invalid={said !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-said`}
        onFocus={() => setDraft(value)}
        onBlur={() => {
          flush.current();
          setDraft(undefined);
          setAnswer(true);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") setAnswer(flush.current());
        }}
        onChange={(event) => {
          const text = event.target.value;
          setDraft(text);
          clearTimeout(waiting.current?.timer);
          const timer = setTimeout(() => setAnswer(flush.current()), PAUSE_MS);
          waiting.current = { text, timer };
        }}
      />
      {note !== undefined && (
        <span id={`${id}-said`} className={said === undefined ? "hint" : "hint at-fault"}>
          {note}
        </span>
      )}
    </div>
  );
}
