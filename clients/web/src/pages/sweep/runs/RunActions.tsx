import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { type Run, RunState } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { useServices } from "../../../rpc/context";
import { newRequestId } from "../../../rpc/requestId";
import { isRetryable, isStoppable } from "../../../store/runActions";
import { ActionButton } from "../../../ui/ActionButton";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useWhyNot } from "../../useCaller";
import { useCurrentSweep } from "../sweepContext";

interface Props {
  readonly run: Run;
  readonly sweepId: string;
  readonly number: number;
  readonly isEnqueuing: boolean;
  readonly onEnqueue: () => void;
}

type Action = { readonly kind: "retry" } | { readonly kind: "stop"; readonly reason: string };

/** Stops, retries and repeats a run. */
export function RunActions({ run, sweepId, number, isEnqueuing, onEnqueue }: Props) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const refusal = useWhyNot("edit", useCurrentSweep().project);
  const [asksWhy, setAsksWhy] = useState(false);
  const action = useMutation({
    mutationFn: async (wanted: Action) => {
      const request = { sweepId, numbers: [BigInt(number)], requestId: newRequestId() };
      if (wanted.kind === "retry") await registry.retryRuns(request);
      else await registry.cancelRuns({ ...request, reason: wanted.reason });
    },
    onSuccess: () => setAsksWhy(false),
    onSettled: () => cache.invalidateQueries({ queryKey: ["run", sweepId, number] }),
  });
  const isStopping = run.stopRequested && run.state === RunState.RUNNING;
  return (
    <>
      <div className="actions">
        {isStoppable(run) && (
          <ActionButton
            className="danger"
            refusal={refusal}
            aria-expanded={asksWhy}
            isBusy={action.isPending || isStopping}
            onClick={() => setAsksWhy(!asksWhy)}
          >
            {isStopping ? "Its agent is stopping it …" : "Stop this run"}
          </ActionButton>
        )}
        {isRetryable(run) && (
          <ActionButton
            refusal={refusal}
            isBusy={action.isPending}
            onClick={() => action.mutate({ kind: "retry" })}
          >
            Retry
          </ActionButton>
        )}
        <ActionButton refusal={refusal} aria-expanded={isEnqueuing} onClick={onEnqueue}>
          Enqueue like this
        </ActionButton>
      </div>
      {asksWhy && isStoppable(run) && !isStopping && (
        <StopForm
          isBusy={action.isPending}
          onStop={(reason) => action.mutate({ kind: "stop", reason })}
        />
      )}
      {action.isError && <ProblemNotice error={action.error} onRetry={() => action.reset()} />}
    </>
  );
}

function StopForm({ isBusy, onStop }: { isBusy: boolean; onStop: (reason: string) => void }) {
  const id = useId();
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = new FormData(event.currentTarget).get("reason");
    const isGiven = typeof reason === "string" && reason.trim() !== "";
    onStop(isGiven ? reason.trim() : "Stopped in the dashboard.");
  };
  return (
    <form onSubmit={submit} className="stop-form">
      <div className="field">
        <label htmlFor={id}>Why (the run keeps it as its error)</label>
        <input id={id} name="reason" maxLength={4_000} placeholder="Stopped in the dashboard." />
      </div>
      <button type="submit" className="danger" disabled={isBusy}>
        Stop now
      </button>
    </form>
  );
}
