import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { describeProblem } from "../../rpc/problems";
import { BULK_ACTIONS, type BulkAction, eligible, type Failure, namesOf } from "../../store/bulk";
import { formatCount } from "../../store/format";
import { whyNot } from "../../store/permissions";
import { ActionButton } from "../../ui/ActionButton";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { useCaller } from "../useCaller";
import { useBulk } from "./useBulk";

const LABELS: Record<BulkAction, string> = {
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
  delete: "Delete",
};

const PAST: Record<BulkAction, string> = {
  pause: "paused",
  resume: "resumed",
  cancel: "canceled",
  delete: "deleted",
};

// What can't be undone asks first.
const CONSEQUENCES: Partial<Record<BulkAction, string>> = {
  cancel: "Queued runs are canceled, and the agents of running runs are instructed to stop.",
  delete: "Their runs and metrics are deleted too. This cannot be undone.",
};

interface Props {
  readonly selected: readonly Sweep[];
  readonly onClear: () => void;
}

/** What can be done to the selected sweeps. */
export function BulkBar({ selected, onClear }: Props) {
  const caller = useCaller();
  const bulk = useBulk();
  const [asked, setAsked] = useState<{ action: BulkAction; sweeps: readonly Sweep[] }>();
  const refusal = selected
    .map(({ project }) => whyNot(caller, "edit", project))
    .find((reason) => reason !== undefined);
  const ask = (action: BulkAction) => {
    const sweeps = eligible(selected, action);
    if (action in CONSEQUENCES) setAsked({ action, sweeps });
    else bulk.mutate({ action, sweeps });
  };
  const done = bulk.isSuccess ? bulk.variables : undefined;
  return (
    <>
      {done !== undefined && bulk.data !== undefined && bulk.data.length > 0 && (
        <Failures
          action={done.action}
          count={done.sweeps.length}
          failures={bulk.data}
          onClose={() => bulk.reset()}
        />
      )}
      <span role="status" className="visually-hidden">
        {done !== undefined &&
          `${formatCount(done.sweeps.length - (bulk.data?.length ?? 0))} ${PAST[done.action]}`}
      </span>
      {selected.length > 0 && (
        <section className="bulk-bar" aria-label="Selected sweeps">
          <strong>{formatCount(selected.length)} selected</strong>
          <div className="actions">
            {BULK_ACTIONS.map((action) => {
              const count = eligible(selected, action).length;
              return (
                <ActionButton
                  key={action}
                  className={action === "delete" || action === "cancel" ? "danger" : undefined}
                  refusal={refusal}
                  isBusy={bulk.isPending || count === 0}
                  onClick={() => ask(action)}
                >
                  {LABELS[action]}
                  {count > 0 && count < selected.length && ` ${formatCount(count)}`}
                </ActionButton>
              );
            })}
            <CompareLink sweeps={selected} />
            <button type="button" className="quiet" onClick={onClear}>
              Clear
            </button>
          </div>
        </section>
      )}
      {asked !== undefined && (
        <ConfirmDialog
          question={`${LABELS[asked.action]} ${countOf(asked.sweeps.length)}?`}
          confirm={`${LABELS[asked.action]} ${countOf(asked.sweeps.length)}`}
          isDangerous
          onAnswer={(isConfirmed) => {
            setAsked(undefined);
            if (isConfirmed) bulk.mutate(asked);
          }}
        >
          <p>{CONSEQUENCES[asked.action]}</p>
          <Names sweeps={asked.sweeps} />
        </ConfirmDialog>
      )}
    </>
  );
}

function countOf(count: number): string {
  return count === 1 ? "1 sweep" : `${formatCount(count)} sweeps`;
}

function Names({ sweeps }: { sweeps: readonly Sweep[] }) {
  const { names, more } = namesOf(sweeps);
  return (
    <ul className="name-list">
      {names.map((name, index) => (
        <li key={sweeps[index]?.sweepId} dir="auto">
          {name}
        </li>
      ))}
      {more > 0 && <li>and {formatCount(more)} more</li>}
    </ul>
  );
}

const MOST_COMPARED = 10;

function CompareLink({ sweeps }: { sweeps: readonly Sweep[] }) {
  const isPossible = sweeps.length > 1 && sweeps.length <= MOST_COMPARED;
  if (!isPossible) {
    return (
      <button type="button" disabled title={`Select 2 to ${MOST_COMPARED} sweeps`}>
        Compare
      </button>
    );
  }
  return (
    <Link
      className="button"
      to="/compare"
      search={{ ids: sweeps.map(({ sweepId }) => sweepId).join() }}
    >
      Compare
    </Link>
  );
}

interface FailuresProps {
  readonly action: BulkAction;
  readonly count: number;
  readonly failures: readonly Failure[];
  readonly onClose: () => void;
}

function Failures({ action, count, failures, onClose }: FailuresProps) {
  return (
    <div className="problem" role="alert">
      <p>
        <strong>
          {formatCount(failures.length)} of {countOf(count)} could not be {PAST[action]}
        </strong>
      </p>
      <ul>
        {failures.map(({ sweep: { sweepId, name }, error }) => (
          <li key={sweepId}>
            <bdi>{name || sweepId}</bdi>: {describeProblem(error).text}
          </li>
        ))}
      </ul>
      <div className="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </div>
  );
}
