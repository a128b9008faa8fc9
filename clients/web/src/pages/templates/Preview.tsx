import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useId, useState } from "react";
import type { Template } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { valuesOf } from "../../store/templateDraft";
import { valueText } from "../../store/valueText";
import { CopyButton } from "../../ui/CopyButton";
import { ProblemNotice } from "../../ui/ProblemNotice";

const PAUSE_MS = 300;

/** Shows the config that a template yields with the user's values. */
export function Preview({ template, isStale }: { template: Template; isStale: boolean }) {
  const id = useId();
  const templates = useClient(TemplateService);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [asked, setAsked] = useState(texts);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(texts), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [texts]);
  const { name, etag, placeholders } = template;
  const { wrong } = valuesOf(template, texts);
  const query = useQuery({
    queryKey: ["rendered", name, etag, asked],
    queryFn: ({ signal }) =>
      templates.renderTemplate(
        { template: { template: name, values: valuesOf(template, asked).values } },
        { signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const problems = query.error === null ? [] : describeProblem(query.error).fields;
  const problemOf = (placeholder: string) =>
    wrong.includes(placeholder)
      ? "This is no single value."
      : problems.find(({ field }) => field === `values.${placeholder}`)?.description;
  const inConfig = problems.filter(({ field }) => !field.startsWith("values."));
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Preview</h2>
      {isStale && (
        <p className="faint">Of the template as it is saved. Save to see your changes.</p>
      )}
      <div className="side-by-side">
        <div className="preview-values">
          {placeholders.length === 0 && <p className="faint">It has no placeholders.</p>}
          {placeholders.map((each) => {
            const problem = problemOf(each.name);
            const field = `${id}-${each.name}`;
            const start = each.default ?? each.example;
            return (
              <div key={each.name} className="field">
                <label htmlFor={field}>{each.name}</label>
                <input
                  id={field}
                  value={texts[each.name] ?? ""}
                  placeholder={
                    start === undefined
                      ? ""
                      : `${each.default === undefined ? "for example " : ""}${valueText(start)}`
                  }
                  autoComplete="off"
                  aria-invalid={problem !== undefined}
                  aria-describedby={`${field}-said`}
                  onChange={(event) => setTexts({ ...texts, [each.name]: event.target.value })}
                />
                <span
                  id={`${field}-said`}
                  className={problem === undefined ? "hint" : "hint at-fault"}
                >
                  {problem === undefined ? each.description : `✗ ${problem}`}
                </span>
              </div>
            );
          })}
        </div>
        <div>
          <div aria-live="polite">
            {query.isPending && <p className="faint">Loading …</p>}
            {query.isError && problems.length === 0 && (
              <ProblemNotice error={query.error} onRetry={() => query.refetch()} />
            )}
            {inConfig.length > 0 && (
              <ul className="problem-list">
                {inConfig.map(({ field, description }) => (
                  <li key={`${field}: ${description}`}>
                    <code>{field}</code> {description}
                  </li>
                ))}
              </ul>
            )}
          </div>
          {query.data !== undefined && !query.isError && (
            <>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
              <pre className="preview-text" tabIndex={0}>
                {query.data.text}
              </pre>
              <div className="actions preview-actions">
                <CopyButton text={() => query.data.text}>Copy</CopyButton>
              </div>
            </>
          )}
          <p>
            <Link to="/sweeps/new" search={{ template: name }}>
              Create a sweep from it
            </Link>
          </p>
        </div>
      </div>
    </section>
  );
}
