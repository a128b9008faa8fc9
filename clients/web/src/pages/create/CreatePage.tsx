import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { SuggestionService } from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import { useClient } from "../../rpc/context";
import { describeProblem, type FieldProblem } from "../../rpc/problems";
import { ActionButton } from "../../ui/ActionButton";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { LeaveGuard } from "../../ui/LeaveGuard";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
import { ConfigForm } from "./ConfigForm";
import { Created } from "./Created";
import "./create.css";
import { NO_PRIOR_RUNS, type PriorRuns, PriorRunsSection } from "./PriorRunsSection";
import { ReviewSection } from "./ReviewSection";
import { SectionNav } from "./SectionNav";
import { StartPanel } from "./StartPanel";
import { TemplateValues } from "./TemplateValues";
import { useConfigCheck } from "./useConfigCheck";
import { useConfigText } from "./useConfigText";
import { useCreation } from "./useCreation";
import { useStart, wantedOf } from "./useStart";
import { YamlEditor } from "./YamlEditor";

const NONE: readonly never[] = [];

/** Makes a sweep: the config as a form and as text side by side, checked as one types. */
export function CreatePage() {
  useTitle("New sweep");
  const suggestion = useClient(SuggestionService);
  const search = useSearch({ from: "/sweeps/new" });
  const config = useConfigText(wantedOf(search));
  const { text, form, isDirty, edit } = config;
  const start = useStart({ search, origin: config.origin, isDirty, begin: config.begin });
  const check = useConfigCheck(text);
  const algorithms = useQuery({
    queryKey: ["algorithms"],
    queryFn: ({ signal }) => suggestion.listAlgorithms({}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [prior, setPrior] = useState<PriorRuns>(NO_PRIOR_RUNS);
  const [revealed, setRevealed] = useState<FieldProblem & { line: number }>();
  const creation = useCreation(config.forget);
  const problems = useFields(check.error);
  const isValid = check.isCurrent && check.error === null;
  const refusal = useWhyNot("edit", check.data?.project || "default");
  const isUnsaved = creation.state === undefined && (isDirty || prior.text !== "");
  if (creation.state !== undefined) {
    return (
      <Created
        state={creation.state}
        error={creation.error}
        isBusy={creation.isPending}
        onRetry={creation.retry}
      />
    );
  }
  const missing = missingOf(prior);
  const reason = refusal ?? missing;
  return (
    <>
      <div className="title-row">
        <h1>New sweep</h1>
      </div>
      <SectionNav problems={problems} />
      <div className="create-columns">
        <div className="create-form">
          <StartPanel onStart={start.start}>
            {start.isBusy && <p className="faint">Loading …</p>}
            {start.error !== null && <ProblemNotice error={start.error} />}
            <Drafts config={config} replace={start.replace} onRestart={start.restart} />
            {start.template !== undefined && start.template.placeholders.length > 0 && (
              <TemplateValues
                key={start.template.name}
                template={start.template}
                isBusy={start.isBusy}
                onUse={start.useValues}
              />
            )}
          </StartPanel>
          {!config.isReadable && (
            <p className="panel at-fault" role="status">
              ✗ The text is no YAML object at the moment. The form works again as soon as it is one.
            </p>
          )}
          {form !== undefined && (
            <div inert={!config.isReadable} className="config-form">
              <ConfigForm
                key={config.starts}
                form={form}
                problems={problems}
                algorithms={algorithms.data?.algorithms ?? NONE}
                edit={edit}
              />
            </div>
          )}
          <PriorRunsSection value={prior} spec={check.data?.spec} onChange={setPrior} />
        </div>
        <div className="create-text">
          <section className="panel" aria-labelledby="text-title">
            <h2 id="text-title">Text</h2>
            <YamlEditor
              value={text}
              problems={problems}
              onChange={config.type}
              revealed={revealed}
            />
          </section>
          <ReviewSection
            answer={check.data}
            isCurrent={check.isCurrent}
            isValid={check.error === null}
            problems={problems}
            onReveal={({ line = 1, ...problem }) => setRevealed({ ...problem, line })}
          >
            {check.error !== null && problems.length === 0 && (
              <ProblemNotice error={check.error} onRetry={() => check.refetch()} />
            )}
            {creation.error !== null && (
              <ProblemNotice error={creation.error} onRetry={() => creation.create(text, prior)} />
            )}
            <div className="actions">
              <ActionButton
                className="primary"
                refusal={reason}
                isBusy={!isValid || creation.isPending}
                onClick={() => creation.create(text, prior)}
              >
                Create the sweep
              </ActionButton>
            </div>
          </ReviewSection>
        </div>
      </div>
      {start.asked !== undefined && (
        <ConfirmDialog
          question="Replace this config?"
          confirm="Replace it"
          isDangerous
          onAnswer={start.answer}
        >
          <p>It has changes that are in no sweep yet.</p>
        </ConfirmDialog>
      )}
      <LeaveGuard isDirty={isUnsaved} question="Leave this page?">
        <p>The sweep is not created yet. This tab keeps the config; prior runs are not kept.</p>
      </LeaveGuard>
    </>
  );
}

/** Returns the fields at fault, the same list while the error is the same. */
function useFields(error: Error | null): readonly FieldProblem[] {
  const [kept, setKept] = useState<{ error: Error | null; fields: readonly FieldProblem[] }>({
    error: null,
    fields: NONE,
  });
  if (kept.error === error) return kept.fields;
  const fields = error === null ? NONE : describeProblem(error).fields;
  setKept({ error, fields });
  return fields;
}

function missingOf({ kind, text, sweepId }: PriorRuns): string | undefined {
  if (kind === "text" && text.trim() === "") return "Choose or paste the prior runs, or none.";
  if (kind === "sweep" && sweepId === "") return "Name the sweep whose runs are prior runs.";
  return undefined;
}

interface DraftsProps {
  readonly config: ReturnType<typeof useConfigText>;
  readonly replace: (go: () => void) => void;
  readonly onRestart: () => void;
}

/** Says which config of this tab is shown or could be. */
function Drafts({ config, replace, onRestart }: DraftsProps) {
  const { isRestored, otherDraft, restore, discard } = config;
  if (isRestored) {
    return (
      <p className="hint">
        This is the config that you left in this tab.{" "}
        <button type="button" className="link" onClick={onRestart}>
          Start over
        </button>
      </p>
    );
  }
  if (otherDraft === undefined) return null;
  return (
    <p className="hint">
      This tab has another config that is in no sweep yet.{" "}
      <button type="button" className="link" onClick={() => replace(restore)}>
        Continue with it
      </button>{" "}
      <button type="button" className="link" onClick={discard}>
        Discard it
      </button>
    </p>
  );
}
