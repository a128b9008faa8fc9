import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../../rpc/context";
import { describeProblem } from "../../../rpc/problems";
import { newRequestId } from "../../../rpc/requestId";
import {
  type Draft,
  decide,
  edit,
  editSpace,
  isLater,
  newDraft,
  rebase,
  saved,
  textIn,
} from "../../../store/settings/draft";
import { placeProblems, settingOfField } from "../../../store/settings/problems";
import { type SettingsUpdate, updateOf } from "../../../store/settings/update";
import { isOfSpace, SPACE, settingsOf, type Texts } from "../../../store/settings/values";
import { useWhyNot } from "../../useCaller";
import { sweepKey } from "../useSweep";
import type { SettingsForm } from "./settingsForm";

interface Sent {
  readonly draft: Draft;
  readonly update: SettingsUpdate;
}

/** A setting that another user changed while the user's changes were on their way. */
export interface Changed {
  readonly key: string;
  readonly before: string;
  readonly now: string;
}

/** Keeps what the user is about to change of a sweep on top of the sweep as it is. */
export function useSettings(sweep: Sweep) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const refusal = useWhyNot("edit", sweep.project);
  const [draft, setDraft] = useState(() => newDraft(sweep));
  const [meanwhile, setMeanwhile] = useState<readonly Changed[]>();
  // While React renders, so that no frame shows an old text beside a new one.
  if (isLater(sweep, draft)) setDraft(rebase(draft, sweep));

  const save = useMutation({
    mutationFn: ({ draft: { sweep: seen }, update }: Sent) => {
      const { paths, ...fields } = update;
      return registry.updateSweep({
        sweep: { sweepId: seen.sweepId, etag: seen.etag, ...fields },
        updateMask: { paths: [...paths] },
        requestId: newRequestId(),
      });
    },
    onMutate: () => setMeanwhile(undefined),
    onSuccess: ({ sweep: after }, sent) => {
      if (after === undefined) return;
      cache.setQueryData<Sweep>(sweepKey(after.sweepId), after);
      setDraft((current) => saved(current, after, sent.draft.edits));
    },
    onError: async (error, sent) => {
      if (describeProblem(error).reason !== "ETAG_MISMATCH") return;
      const { sweep: now } = await registry.getSweep({ sweepId: sweep.sweepId });
      if (now === undefined) return;
      setMeanwhile(differences(sent.draft.present, settingsOf(now)));
      cache.setQueryData<Sweep>(sweepKey(now.sweepId), now);
    },
  });

  const update = useMemo(() => updateOf(draft.sweep, draft.edits, draft.present), [draft]);
  const rejected = problemsOf(save.error, sweep, draft);
  const sentEdits = save.variables?.draft.edits ?? {};
  const form: SettingsForm = {
    space: draft.sweep.spec?.searchSpace,
    text: (key) => textIn(draft, key),
    present: (key) => draft.present[key] ?? "",
    set: (key, text) =>
      setDraft((current) => (key === SPACE ? editSpace(current, text) : edit(current, key, text))),
    isEdited: (key) => key in draft.edits,
    isSpaceEdited: Object.keys(draft.edits).some((key) => key === SPACE || isOfSpace(key)),
    problem: (key) => {
      if ("wrong" in update && key in update.wrong) return update.wrong[key];
      // Another text has not been sent yet.
      return sentEdits[key] === draft.edits[key] ? rejected.placed[key] : undefined;
    },
    conflict: (key) => draft.conflicts[key],
    decide: (key, whose) => setDraft((current) => decide(current, key, whose)),
    refusal,
  };
  return {
    form,
    edits: Object.keys(draft.edits),
    conflicts: Object.keys(draft.conflicts),
    wrong: "wrong" in update ? Object.keys(update.wrong) : [],
    isSaving: save.isPending,
    warnings: save.data?.warnings,
    /** What the server rejects, apart from what stands at the fields. */
    error: save.isError && rejected.hasOthers ? save.error : undefined,
    meanwhile,
    save: () => {
      if (!("wrong" in update)) save.mutate({ draft, update });
    },
    discard: () => {
      save.reset();
      setMeanwhile(undefined);
      setDraft(newDraft(draft.sweep));
    },
  };
}

function differences(before: Texts, now: Texts): Changed[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return (
    keys
      .map((key) => ({ key, before: before[key] ?? "", now: now[key] ?? "" }))
      // The changes of the space are those of its parts.
      .filter((each) => each.before !== each.now && each.key !== SPACE)
  );
}

function problemsOf(error: unknown, sweep: Sweep, draft: Draft) {
  if (error === null) return { placed: {}, hasOthers: false };
  const problem = describeProblem(error);
  const metrics = sweep.spec?.metrics.map(({ name }) => name) ?? [];
  const parameters = sweep.spec?.searchSpace?.parameters.map(({ name }) => name) ?? [];
  const { placed, others } = placeProblems(problem.fields, (field) =>
    settingOfField(field, draft, metrics, parameters),
  );
  const isConflict = problem.reason === "ETAG_MISMATCH";
  const isPlaced = problem.fields.length > 0 && others.length === 0;
  return { placed, hasOthers: !isPlaced && !isConflict };
}
