import type { MessageInitShape } from "@bufbuild/protobuf";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type {
  Template,
  TemplateSchema,
} from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { newRequestId } from "../../rpc/requestId";
import { changedPaths, draftOf, templateOf } from "../../store/templateDraft";
import { LeaveGuard } from "../../ui/LeaveGuard";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { Preview } from "./Preview";
import { TemplateForm } from "./TemplateForm";
import { templateKey } from "./useTemplate";
import "../../ui/saveBar.css";

interface Sent {
  readonly template: MessageInitShape<typeof TemplateSchema>;
  readonly paths: string[];
  readonly etag: string;
}

/** Changes a template, unless another user has changed it meanwhile. */
export function TemplateEditor({ template }: { template: Template }) {
  const templates = useClient(TemplateService);
  const cache = useQueryClient();
  // What the user saw when the draft began; a later state is a conflict.
  const [seen, setSeen] = useState(template);
  const [draft, setDraft] = useState(() => draftOf(template));
  const [theirs, setTheirs] = useState<Template>();
  const made = templateOf(draft);
  const paths = changedPaths(seen, draft);
  const isDirty = paths.length > 0;
  const begin = (current: Template) => {
    setSeen(current);
    setDraft(draftOf(current));
    setTheirs(undefined);
  };
  // Without changes, the page shows the present state.
  if (!isDirty && template.etag !== seen.etag) begin(template);

  const save = useMutation({
    mutationFn: (sent: Sent) =>
      templates.updateTemplate({
        template: { ...sent.template, etag: sent.etag },
        updateMask: { paths: sent.paths },
        requestId: newRequestId(),
      }),
    onSuccess: (answer) => {
      if (answer.template === undefined) return;
      begin(answer.template);
      cache.setQueryData(templateKey(template.name), answer.template);
      void cache.invalidateQueries({ queryKey: ["templates"] });
    },
    onError: async (error) => {
      if (describeProblem(error).reason !== "ETAG_MISMATCH") return;
      const { template: current } = await templates.getTemplate({ name: template.name });
      setTheirs(current);
    },
  });
  const problem = save.error === null ? undefined : describeProblem(save.error);
  const isConflict = problem?.reason === "ETAG_MISMATCH";
  const send = (etag: string) => {
    if (!("wrong" in made)) save.mutate({ template: made, paths, etag });
  };
  return (
    <>
      <TemplateForm
        draft={draft}
        isNew={false}
        wrong={"wrong" in made ? made.wrong : { placeholders: {} }}
        problems={problem?.fields ?? []}
        onChange={setDraft}
      />
      {problem !== undefined && problem.fields.length === 0 && !isConflict && (
        <ProblemNotice error={save.error} onRetry={() => send(seen.etag)} />
      )}
      <div className={isDirty ? "save-bar shown" : "save-bar"}>
        {theirs !== undefined && (
          <Conflict
            seen={seen}
            theirs={theirs}
            mine={paths}
            onSave={() => send(theirs.etag)}
            onTake={() => {
              cache.setQueryData(templateKey(theirs.name), theirs);
              save.reset();
              begin(theirs);
            }}
          />
        )}
        <div className="actions">
          <button
            type="button"
            className="primary"
            disabled={!isDirty || "wrong" in made || save.isPending || theirs !== undefined}
            onClick={() => send(seen.etag)}
          >
            {save.isPending ? "Saving …" : "Save"}
          </button>
          <button
            type="button"
            disabled={!isDirty || save.isPending}
            onClick={() => {
              save.reset();
              begin(seen);
            }}
          >
            Discard
          </button>
          <span role="status">
            {isDirty && "wrong" in made && "Correct the marked fields first."}
            {isDirty && !("wrong" in made) && `Changed: ${paths.map(partName).join(", ")}.`}
            {save.isSuccess && !isDirty && "✓ Saved."}
          </span>
        </div>
      </div>
      <Preview template={seen} isStale={isDirty} />
      <LeaveGuard isDirty={isDirty} question="Leave without saving?">
        <p>Your changes of the template are lost.</p>
      </LeaveGuard>
    </>
  );
}

const PARTS: Readonly<Record<string, string>> = { config_text: "text" };

function partName(path: string): string {
  return PARTS[path] ?? path;
}

interface ConflictProps {
  readonly seen: Template;
  readonly theirs: Template;
  /** What the user changes. */
  readonly mine: readonly string[];
  readonly onSave: () => void;
  readonly onTake: () => void;
}

/** Lets the user decide between two changes of a template. */
function Conflict({ seen, theirs, mine, onSave, onTake }: ConflictProps) {
  const changed = changedPaths(seen, draftOf(theirs));
  const both = changed.filter((path) => mine.includes(path)).map(partName);
  return (
    <div className="template-conflict" role="alert">
      <p>
        <strong>Another user changed this template meanwhile; nothing was saved.</strong> They
        changed: {changed.map(partName).join(", ") || "nothing that is shown"}.{" "}
        {both.length > 0
          ? `Saving replaces their ${both.join(", ")} by yours.`
          : "Your changes concern other parts."}
      </p>
      {changed.includes("description") && <p dir="auto">“{theirs.description}”</p>}
      {changed.includes("config_text") && (
        <details>
          <summary>Their text</summary>
          <pre className="preview-text">{theirs.configText}</pre>
        </details>
      )}
      <div className="actions">
        <button type="button" onClick={onSave}>
          {both.length > 0 ? "Save yours over it" : "Save yours too"}
        </button>
        <button type="button" onClick={onTake}>
          Take theirs, and lose yours
        </button>
      </div>
    </div>
  );
}
