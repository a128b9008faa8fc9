import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type Action, actionsOf } from "../../store/sweeps";

const LABELS: Record<Action, string> = {
  start: "Start",
  pause: "Pause",
  resume: "Resume",
  finish: "Finish",
  cancel: "Cancel",
};

// What can't be undone asks first.
const CONSEQUENCES: Partial<Record<Action, ReactNode>> = {
  finish: "No further runs are assigned and queued runs are canceled. Running runs may end.",
  cancel: "Queued runs are canceled, and the agents of running runs are told to stop.",
};

interface Props {
  readonly sweep: Sweep;
  readonly isBusy: boolean;
  readonly onAction: (action: Action) => void;
}

/** The buttons for what the sweep's state allows. */
export function SweepActions({ sweep, isBusy, onAction }: Props) {
  const [asked, setAsked] = useState<Action>();
  return (
    <div className="actions">
      {actionsOf(sweep.state).map((action) => (
        <button
          key={action}
          type="button"
          className={className(action)}
          disabled={isBusy}
          onClick={() => (action in CONSEQUENCES ? setAsked(action) : onAction(action))}
        >
          {LABELS[action]}
        </button>
      ))}
      {asked !== undefined && (
        <Confirmation
          action={asked}
          onAnswer={(isConfirmed) => {
            setAsked(undefined);
            if (isConfirmed) onAction(asked);
          }}
        />
      )}
    </div>
  );
}

function className(action: Action): string | undefined {
  if (action === "start" || action === "resume") return "primary";
  return action === "cancel" ? "danger" : undefined;
}

function Confirmation({
  action,
  onAnswer,
}: {
  action: Action;
  onAnswer: (isConfirmed: boolean) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const question = `${LABELS[action]} this sweep?`;
  return (
    <dialog ref={dialog} aria-label={question} onClose={() => onAnswer(false)}>
      <h2>{question}</h2>
      <p>{CONSEQUENCES[action]}</p>
      <div className="actions">
        <button type="button" className={className(action)} onClick={() => onAnswer(true)}>
          {LABELS[action]} the sweep
        </button>
        <button type="button" onClick={() => onAnswer(false)}>
          Back
        </button>
      </div>
    </dialog>
  );
}
