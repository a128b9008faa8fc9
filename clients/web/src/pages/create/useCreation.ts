import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { useServices } from "../../rpc/context";
import { newRequestId } from "../../rpc/requestId";
import { partsOf, readPriorRuns } from "../../store/priorRunText";
import { type CreationPlan, isSamePlan, SweepCreation } from "../../store/sweepCreation";
import type { PriorRuns } from "./PriorRunsSection";

/** Returns how a sweep is created: the same config makes one sweep, however often it is sent. */
export function useCreation(onCreated: () => void) {
  const { registry } = useServices();
  const creation = useRef<SweepCreation>(undefined);
  const mutation = useMutation({
    mutationFn: (work: { creation: SweepCreation; skipUnfit?: boolean }) =>
      work.creation.run(work.skipUnfit),
    onSettled: () => {
      if (creation.current?.state !== undefined) onCreated();
    },
  });
  return {
    state: creation.current?.state,
    error: mutation.error,
    isPending: mutation.isPending,
    create: (text: string, prior: PriorRuns) => {
      const plan = planOf(text, prior);
      if (creation.current === undefined || !isSamePlan(creation.current.plan, plan)) {
        creation.current = new SweepCreation(registry, plan, newRequestId);
      }
      mutation.mutate({ creation: creation.current });
    },
    retry: (skipUnfit?: boolean) => {
      if (creation.current === undefined) return;
      mutation.mutate({
        creation: creation.current,
        ...(skipUnfit === undefined ? {} : { skipUnfit }),
      });
    },
  };
}

function planOf(text: string, { kind, text: runs, sweepId, skipUnfit }: PriorRuns): CreationPlan {
  if (kind === "sweep") return { text, prior: { kind, sweepId }, skipUnfit };
  if (kind === "none") return { text, prior: { kind }, skipUnfit: false };
  const read = readPriorRuns(runs);
  return { text, prior: { kind: read.format, parts: partsOf(read) }, skipUnfit };
}
