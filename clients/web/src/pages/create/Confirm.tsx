import { type ReactNode, useEffect, useRef } from "react";

interface Props {
  readonly question: string;
  readonly children: ReactNode;
  /** What the button says that goes on. */
  readonly answer: string;
  readonly onAnswer: (isConfirmed: boolean) => void;
}

/** Asks before something can't be undone. */
export function Confirm({ question, children, answer, onAnswer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-label={question} onClose={() => onAnswer(false)}>
      <h2>{question}</h2>
      <p>{children}</p>
      <div className="actions">
        <button type="button" className="danger" onClick={() => onAnswer(true)}>
          {answer}
        </button>
        <button type="button" onClick={() => onAnswer(false)}>
          Back
        </button>
      </div>
    </dialog>
  );
}
