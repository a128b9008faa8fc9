import { type ReactNode, useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type Action, actionsOf } from "../../store/sweeps";
import { ActionButton } from "../../ui/ActionButton";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { useWhyNot } from "../useCaller";

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
  cancel: "Queued runs are canceled, and the agents of running runs are instructed to stop.",
};

interface Props {
  readonly sweep: Sweep;
  readonly isBusy: boolean;
  readonly onAction: (action: Action) => void;
  /** What leads away from the sweep, before its actions. */
  readonly children: ReactNode;
}

/** The buttons for what the sweep's state allows. */
export function SweepActions({ sweep, isBusy, onAction, children }: Props) {
  const [asked, setAsked] = useState<Action>();
  const refusal = useWhyNot("edit", sweep.project);
  return (
    <div className="actions">
      {children}
      {actionsOf(sweep.state).map((action) => (
        <ActionButton
          key={action}
          className={className(action)}
          refusal={refusal}
          isBusy={isBusy}
          onClick={() => (action in CONSEQUENCES ? setAsked(action) : onAction(action))}
        >
          {LABELS[action]}
        </ActionButton>
      ))}
      {asked !== undefined && (
        <ConfirmDialog
          question={`${LABELS[asked]} this sweep?`}
          confirm={`${LABELS[asked]} the sweep`}
          isDangerous={asked === "cancel"}
          onAnswer={(isConfirmed) => {
            setAsked(undefined);
            if (isConfirmed) onAction(asked);
          }}
        >
          <p>{CONSEQUENCES[asked]}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function className(action: Action): string | undefined {
  if (action === "start" || action === "resume") return "primary";
  return action === "cancel" ? "danger" : undefined;
}
