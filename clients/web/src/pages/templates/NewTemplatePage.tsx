import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Template } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { newRequestId } from "../../rpc/requestId";
import {
  draftOf,
  NEW_TEMPLATE,
  type TemplateDraft,
  type TemplateProblems,
  templateOf,
} from "../../store/templateDraft";
import { ActionButton } from "../../ui/ActionButton";
import { LeaveGuard } from "../../ui/LeaveGuard";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
import { TemplateForm } from "./TemplateForm";
import { templateKey, useTemplate } from "./useTemplate";
import "./templates.css";

const route = getRouteApi("/new-template");

/** Makes a template, from an example or from another template. */
export function NewTemplatePage() {
  useTitle("New template");
  const { from } = route.useSearch();
  const source = useTemplate(from);
  return (
    <>
      <p>
        <Link to="/templates">All templates</Link>
      </p>
      <div className="title-row">
        <h1>New template</h1>
        {from !== undefined && <span className="faint">from {from}</span>}
      </div>
      {source.isError && <ProblemNotice error={source.error} onRetry={() => source.refetch()} />}
      {from === undefined && <Maker start={NEW_TEMPLATE} />}
      {source.data !== undefined && <Maker key={from} start={copyOf(source.data)} />}
    </>
  );
}

function copyOf(template: Template): TemplateDraft {
  return { ...draftOf(template), name: `${template.name}-copy`.slice(0, 100) };
}

const NOTHING_WRONG: TemplateProblems = { placeholders: {} };

function Maker({ start }: { start: TemplateDraft }) {
  const templates = useClient(TemplateService);
  const cache = useQueryClient();
  const navigate = useNavigate();
  const refusal = useWhyNot("write-templates");
  const [first] = useState(start);
  const [draft, setDraft] = useState(first);
  const [isTried, setTried] = useState(false);
  const template = templateOf(draft);
  const wrong = "wrong" in template && isTried ? template.wrong : NOTHING_WRONG;
  const creation = useMutation({
    mutationFn: (sent: Exclude<typeof template, { wrong: unknown }>) =>
      templates.createTemplate({ template: sent, requestId: newRequestId() }),
    onSuccess: async (answer) => {
      if (answer.template === undefined) return;
      const { name } = answer.template;
      cache.setQueryData(templateKey(name), answer.template);
      void cache.invalidateQueries({ queryKey: ["templates"] });
      await navigate({ to: "/templates/$name", params: { name }, ignoreBlocker: true });
    },
  });
  const problem = creation.error === null ? undefined : describeProblem(creation.error);
  return (
    <>
      <TemplateForm
        draft={draft}
        isNew
        wrong={wrong}
        problems={problem?.fields ?? []}
        onChange={setDraft}
      />
      {problem !== undefined && problem.fields.length === 0 && (
        <ProblemNotice error={creation.error} />
      )}
      <div className="actions template-actions">
        <ActionButton
          className="primary"
          refusal={refusal}
          isBusy={creation.isPending}
          onClick={() => {
            setTried(true);
            if (!("wrong" in template)) creation.mutate(template);
          }}
        >
          Create the template
        </ActionButton>
        <span role="status" className="at-fault">
          {(isTried && "wrong" in template) || (problem?.fields.length ?? 0) > 0
            ? "✗ Correct the marked places first."
            : ""}
        </span>
      </div>
      <LeaveGuard isDirty={draft !== first} question="Leave without creating it?">
        <p>The template is lost.</p>
      </LeaveGuard>
    </>
  );
}
