import { type ReactNode, type SyntheticEvent, useEffect, useId, useRef, useState } from "react";

interface Props {
  /** What is asked: "Cancel this sweep?" */
  readonly question: string;
  /** What it means. */
  readonly children: ReactNode;
  /** What the button that confirms says. */
  readonly confirm: string;
  /** What the button that leaves everything as it is says. */
  readonly refuse?: string;
  readonly isDangerous?: boolean;
  /** A text that the user types as a confirmation. */
  readonly typed?: string;
  readonly onAnswer: (isConfirmed: boolean) => void;
}

/** Asks before something that can't be undone. */
export function ConfirmDialog(props: Props) {
  const { question, children, confirm, refuse = "Back", isDangerous = false, typed } = props;
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const wayOut = useRef<HTMLButtonElement>(null);
  const isAnswered = useRef(false);
  const [text, setText] = useState("");
  const isReady = typed === undefined || text === typed;
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
    // Enter, pressed too soon, must do no harm.
    if (isDangerous && typed === undefined) wayOut.current?.focus();
  }, [isDangerous, typed]);
  const answer = (isConfirmed: boolean) => {
    if (isAnswered.current) return;
    isAnswered.current = true;
    // The focus returns to where it was before the dialog.
    dialog.current?.close();
    props.onAnswer(isConfirmed);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isReady) answer(true);
  };
  return (
    <dialog ref={dialog} aria-labelledby={`${id}-question`} onClose={() => answer(false)}>
      <form onSubmit={submit}>
        <h2 id={`${id}-question`}>{question}</h2>
        {children}
        {typed !== undefined && (
          <div className="field">
            <label htmlFor={`${id}-typed`}>
              Type <code dir="auto">{typed}</code> to confirm
            </label>
            <input
              id={`${id}-typed`}
              value={text}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setText(event.target.value)}
            />
          </div>
        )}
        <div className="actions dialog-actions">
          <button type="submit" className={isDangerous ? "danger" : "primary"} disabled={!isReady}>
            {confirm}
          </button>
          <button ref={wayOut} type="button" onClick={() => answer(false)}>
            {refuse}
          </button>
        </div>
      </form>
    </dialog>
  );
}
