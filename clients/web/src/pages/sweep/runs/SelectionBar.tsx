import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useServices } from "../../../rpc/context";
import { newRequestId } from "../../../rpc/requestId";
import { formatCount } from "../../../store/format";
import { canRetry, canStop, MOST_IN_A_CALL } from "../../../store/runActions";
import type { RunTable } from "../../../store/runTable";
import { ActionButton } from "../../../ui/ActionButton";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useWhyNot } from "../../useCaller";
import { useCurrentSweep } from "../sweepContext";
import { MOST_COMPARED } from "./search";

interface Props {
  readonly sweepId: string;
  readonly table: RunTable;
  readonly selected: ReadonlySet<number>;
  /** How many of them the filter hides; what is done is done to them, too. */
  readonly hidden: number;
  readonly onClear: () => void;
  readonly onCompare: () => void;
}

/** What can be done with the selected runs. */
export function SelectionBar({ sweepId, table, selected, hidden, onClear, onCompare }: Props) {
  const { registry } = useServices();
  const id = useId();
  const refusal = useWhyNot("edit", useCurrentSweep().project);
  const [isStopping, setStopping] = useState(false);
  const [reason, setReason] = useState("");
  const stoppable = canStop(table, selected);
  const retryable = canRetry(table, selected);
  const action = useMutation({
    mutationFn: async (wanted: "stop" | "retry") => {
      const all = wanted === "stop" ? stoppable : retryable;
      for (let from = 0; from < all.length; from += MOST_IN_A_CALL) {
        const numbers = all.slice(from, from + MOST_IN_A_CALL).map(BigInt);
        const request = { sweepId, numbers, requestId: newRequestId() };
        if (wanted === "retry") await registry.retryRuns(request);
        else
          await registry.cancelRuns({ ...request, reason: reason || "Stopped in the dashboard." });
      }
      return `${formatCount(all.length)} ${all.length === 1 ? "run" : "runs"} ${
        wanted === "stop" ? "stopped, or its agent stops it" : "queued again"
      }.`;
    },
    onSuccess: () => setStopping(false),
  });
  const isTooMany = selected.size > MOST_COMPARED;
  return (
    <section className="selection" aria-label="Selected runs">
      <span>
        <strong>{formatCount(selected.size)} selected</strong>
        {hidden > 0 && `, ${formatCount(hidden)} of them hidden by the filter`}
      </span>
      <button
        type="button"
        disabled={selected.size < 2 || isTooMany}
        title={isTooMany ? `At most ${MOST_COMPARED} runs are compared` : undefined}
        onClick={onCompare}
      >
        Compare runs
      </button>
      <ActionButton
        className="danger"
        refusal={refusal}
        aria-expanded={isStopping}
        isBusy={stoppable.length === 0 || action.isPending}
        onClick={() => setStopping(!isStopping)}
      >
        Stop {formatCount(stoppable.length)}
      </ActionButton>
      <ActionButton
        refusal={refusal}
        isBusy={retryable.length === 0 || action.isPending}
        onClick={() => action.mutate("retry")}
      >
        Retry {formatCount(retryable.length)}
      </ActionButton>
      <button type="button" className="link" onClick={onClear}>
        Clear selection
      </button>
      {isTooMany && (
        <span className="faint">Select at most {MOST_COMPARED} runs to compare them.</span>
      )}
      <span role="status">{action.isPending ? "Working …" : action.data}</span>
      {isStopping && stoppable.length > 0 && (
        <div className="selection-form">
          <div className="field">
            <label htmlFor={id}>Why (the runs keep it as their error)</label>
            <input
              id={id}
              value={reason}
              maxLength={4_000}
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
          <button
            type="button"
            className="danger"
            disabled={action.isPending}
            onClick={() => action.mutate("stop")}
          >
            Stop {formatCount(stoppable.length)} {stoppable.length === 1 ? "run" : "runs"} now
          </button>
        </div>
      )}
      {action.isError && <ProblemNotice error={action.error} onRetry={() => action.reset()} />}
    </section>
  );
}
