import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ConfigFormat } from "../../../gen/wanllmdb/api/registry/v1/registry_service_pb";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../../rpc/context";
import { commandOf, fileName } from "../../../store/exportLine";
import { CopyButton } from "../../../ui/CopyButton";
import { download } from "../../../ui/download";
import { ProblemNotice } from "../../../ui/ProblemNotice";

const FORMATS = { yaml: ConfigFormat.YAML, json: ConfigFormat.JSON } as const;

type Format = keyof typeof FORMATS;

/** Gives the sweep's config away: as a file, to copy, or as a command that makes an equal sweep. */
export function ExportPanel({ sweep: { sweepId, name, etag } }: { sweep: Sweep }) {
  const id = useId();
  const { registry } = useServices();
  const [format, setFormat] = useState<Format>("yaml");
  const query = useQuery({
    queryKey: ["export", sweepId, etag, format],
    queryFn: ({ signal }) => registry.exportSweep({ sweepId, format: FORMATS[format] }, { signal }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const text = query.data?.text;
  const type = format === "json" ? "application/json" : "application/yaml";
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Export</h2>
      <p className="faint">
        The sweep's config. <code>wanllmdb sweep create</code> makes an equal sweep of it.
      </p>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
      {text !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <pre className="export-text" tabIndex={0}>
          {text}
        </pre>
      )}
      <div className="actions export-actions">
        <label className="export-format" htmlFor={id}>
          Format
          <select
            id={id}
            value={format}
            onChange={(event) => setFormat(event.target.value === "json" ? "json" : "yaml")}
          >
            <option value="yaml">YAML</option>
            <option value="json">JSON</option>
          </select>
        </label>
        {text !== undefined && (
          <>
            <button
              type="button"
              onClick={() => download(fileName(name, sweepId, format), new Blob([text], { type }))}
            >
              Save as a file
            </button>
            <CopyButton text={() => text}>Copy</CopyButton>
            <CopyButton text={() => commandOf(text)}>Copy as command line</CopyButton>
          </>
        )}
      </div>
    </section>
  );
}
