import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Template } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient } from "../../rpc/context";
import { newRequestId } from "../../rpc/requestId";
import { valueText } from "../../store/valueText";
import { ActionButton } from "../../ui/ActionButton";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
import { Preview } from "./Preview";
import { TemplateEditor } from "./TemplateEditor";
import { templateKey, useTemplate } from "./useTemplate";
import "./templates.css";

const route = getRouteApi("/templates/$name");

/** Shows a template, previews it, and changes it unless it comes with the server. */
export function TemplatePage() {
  const { name } = route.useParams();
  useTitle(name);
  const query = useTemplate(name);
  const template = query.data;
  const refusal = useWhyNot("write-templates");
  const navigate = useNavigate();
  return (
    <>
      <p>
        <Link to="/templates">All templates</Link>
      </p>
      <div className="title-row">
        <h1>{name}</h1>
        {template?.builtIn === true && <span className="faint">comes with the server</span>}
        <span className="spacer" />
        {template !== undefined && (
          <div className="actions">
            <ActionButton
              refusal={refusal}
              onClick={() => navigate({ to: "/new-template", search: { from: name } })}
            >
              Copy to a new template
            </ActionButton>
            {!template.builtIn && <DeleteButton template={template} refusal={refusal} />}
          </div>
        )}
      </div>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
      {query.isPending && <p className="faint">Loading …</p>}
      {template !== undefined &&
        (template.builtIn || refusal !== undefined ? (
          <Shown template={template}>
            {!template.builtIn && <p className="faint">You can't change it. {refusal}</p>}
          </Shown>
        ) : (
          <TemplateEditor key={name} template={template} />
        ))}
    </>
  );
}

function Shown({ template, children }: { template: Template; children: ReactNode }) {
  return (
    <>
      <p>{template.description}</p>
      {children}
      <Preview template={template} isStale={false} />
      <section className="panel" aria-labelledby="shown-text">
        <h2 id="shown-text">Text with placeholders</h2>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
        <pre className="preview-text" tabIndex={0}>
          {template.configText}
        </pre>
        <dl className="placeholder-list">
          {template.placeholders.map(({ name, description, default: given, example }) => (
            <div key={name}>
              <dt>
                <code>$({name})</code>
              </dt>
              <dd>
                {description}{" "}
                <span className="faint">
                  {given !== undefined && `Default: ${valueText(given)}`}
                  {given === undefined && example !== undefined && `Example: ${valueText(example)}`}
                </span>
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}

function DeleteButton({ template, refusal }: { template: Template; refusal: string | undefined }) {
  const { name, etag } = template;
  const templates = useClient(TemplateService);
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const deletion = useMutation({
    mutationFn: () => templates.deleteTemplate({ name, etag, requestId: newRequestId() }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["templates"] });
      await navigate({ to: "/templates", ignoreBlocker: true });
      cache.removeQueries({ queryKey: templateKey(name) });
    },
  });
  return (
    <>
      <ActionButton
        className="danger"
        refusal={refusal}
        isBusy={deletion.isPending}
        onClick={() => setAsking(true)}
      >
        Delete
      </ActionButton>
      {deletion.isError && (
        <ProblemNotice
          error={deletion.error}
          onRetry={() => {
            deletion.reset();
            void cache.invalidateQueries({ queryKey: templateKey(name) });
          }}
        />
      )}
      {isAsking && (
        <ConfirmDialog
          question={`Delete the template ${name}?`}
          confirm="Delete the template"
          isDangerous
          onAnswer={(isConfirmed) => {
            setAsking(false);
            if (isConfirmed) deletion.mutate();
          }}
        >
          <p>Sweeps that were created from it do not change. This can't be undone.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
