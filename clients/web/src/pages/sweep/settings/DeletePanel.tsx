import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../../rpc/context";
import { newRequestId } from "../../../rpc/requestId";
import { formatCount } from "../../../store/format";
import { ActionButton } from "../../../ui/ActionButton";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useWhyNot } from "../../useCaller";
import { sweepKey } from "../useSweep";

/** Deletes the sweep, after the user has typed its name. */
export function DeletePanel({ sweep }: { sweep: Sweep }) {
  const { sweepId, name, etag, project, stats } = sweep;
  const id = useId();
  const { registry } = useServices();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const refusal = useWhyNot("edit", project);
  const [isAsking, setAsking] = useState(false);
  const deletion = useMutation({
    mutationFn: () => registry.deleteSweep({ sweepId, etag, requestId: newRequestId() }),
    onSuccess: async () => {
      await navigate({ to: "/sweeps", ignoreBlocker: true });
      cache.removeQueries({ queryKey: sweepKey(sweepId) });
    },
  });
  const runs = stats?.totalRuns ?? 0n;
  return (
    <section className="panel danger-panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Delete</h2>
      <p>
        Deletes the sweep{runs > 0n && ` with ${runText(runs)} and all metrics`}. This can't be
        undone.
      </p>
      {deletion.isError && (
        <ProblemNotice error={deletion.error} onRetry={() => deletion.reset()} />
      )}
      <ActionButton
        className="danger"
        refusal={refusal}
        isBusy={deletion.isPending}
        onClick={() => setAsking(true)}
      >
        Delete the sweep
      </ActionButton>
      {isAsking && (
        <ConfirmDialog
          question="Delete this sweep?"
          confirm="Delete the sweep"
          isDangerous
          typed={name.trim() || sweepId}
          onAnswer={(isConfirmed) => {
            setAsking(false);
            if (isConfirmed) deletion.mutate();
          }}
        >
          <p>{runs === 0n ? "It has no runs." : `${runText(runs)} and all metrics are lost.`}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function runText(count: bigint): string {
  return count === 1n ? "1 run" : `${formatCount(count)} runs`;
}
