import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient } from "../../rpc/context";
import { formatAge } from "../../store/format";
import { formatTime, zoneName } from "../../store/times";
import { ActionButton } from "../../ui/ActionButton";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
import "./templates.css";

const MOST = 1_000;

/** Lists the templates, the built-in ones among them. */
export function TemplatesPage() {
  useTitle("Templates");
  const templates = useClient(TemplateService);
  const refusal = useWhyNot("write-templates");
  const navigate = useNavigate();
  const now = useNow(30_000);
  const query = useQuery({
    queryKey: ["templates"],
    queryFn: ({ signal }) => templates.listTemplates({ pageSize: MOST }, { signal }),
  });
  const listed = query.data?.templates ?? [];
  return (
    <>
      <div className="title-row">
        <h1>Templates</h1>
        <span className="faint" aria-live="polite">
          {query.isSuccess && listed.length}
        </span>
        <span className="spacer" />
        <ActionButton
          className="primary"
          refusal={refusal}
          onClick={() => navigate({ to: "/new-template" })}
        >
          New template
        </ActionButton>
      </div>
      <p className="faint">Configs of sweeps with placeholders, for everybody on this server.</p>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
      {query.isPending && <p className="faint">Loading …</p>}
      <ul className="template-list">
        {listed.map(({ name, description, placeholders, builtIn, updateTime }) => (
          <li key={name} className="panel">
            <h2>
              <Link to="/templates/$name" params={{ name }}>
                {name}
              </Link>
            </h2>
            <p>{description}</p>
            <p className="faint">
              {placeholders.length === 1 ? "1 placeholder" : `${placeholders.length} placeholders`}
              {builtIn && " · comes with the server"}
              {updateTime !== undefined && (
                <>
                  {" · changed "}
                  <time title={`${formatTime(timestampMs(updateTime))} (${zoneName()})`}>
                    {formatAge(updateTime, now)}
                  </time>
                </>
              )}
            </p>
          </li>
        ))}
      </ul>
      {query.data?.nextPageToken && <p className="faint">The first {listed.length} by name.</p>}
    </>
  );
}
