import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Run } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { useServices } from "../../../rpc/context";
import { newRequestId } from "../../../rpc/requestId";
import { ActionButton } from "../../../ui/ActionButton";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useWhyNot } from "../../useCaller";
import { useCurrentSweep } from "../sweepContext";
import { type LabelDraft, LabelForm } from "./LabelForm";

interface Props {
  readonly run: Run;
  readonly sweepId: string;
  readonly number: number;
}

/** A run's name and labels, which users change. */
export function RunLabels({ run, sweepId, number }: Props) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const [isEditing, setEditing] = useState(false);
  const refusal = useWhyNot("edit", useCurrentSweep().project);
  const labels = Object.entries(run.labels).sort(([one], [other]) => one.localeCompare(other));
  const change = useMutation({
    mutationFn: ({ name, labels: entries }: LabelDraft) =>
      registry.updateRun({
        run: { sweepId, number: BigInt(number), name, labels: Object.fromEntries(entries) },
        updateMask: { paths: ["name", "labels"] },
        ifRevision: run.revision,
        requestId: newRequestId(),
      }),
    onSuccess: () => setEditing(false),
    onSettled: () => cache.invalidateQueries({ queryKey: ["run", sweepId, number] }),
  });
  return (
    <section>
      <div className="title-row">
        <h3>Name and labels</h3>
        <span className="spacer" />
        <ActionButton
          refusal={refusal}
          aria-expanded={isEditing}
          onClick={() => setEditing(!isEditing)}
        >
          Edit
        </ActionButton>
      </div>
      {isEditing && (
        <LabelForm
          first={{ name: run.name, labels }}
          isBusy={change.isPending}
          onSave={(draft) => change.mutate(draft)}
        />
      )}
      {!isEditing && run.name === "" && labels.length === 0 && <p className="faint">None.</p>}
      {!isEditing && (
        <dl className="facts">
          {run.name !== "" && <Fact name="Name" value={run.name} />}
          {labels.map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
        </dl>
      )}
      {change.isError && <ProblemNotice error={change.error} onRetry={() => change.reset()} />}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className="fact">
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}
