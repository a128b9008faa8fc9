import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient, useServices } from "../../rpc/context";
import { Section } from "./Section";

/** What a config can be started from. */
export type Start =
  | { readonly kind: "blank" }
  | { readonly kind: "template" | "sweep"; readonly name: string }
  | { readonly kind: "file"; readonly file: File };

interface Props {
  readonly onStart: (start: Start) => void;
  readonly children: ReactNode;
}

const MOST_TEMPLATES = 1_000;
const MOST_SWEEPS = 50;

/** Offers what a config can be started from. */
export function StartPanel({ onStart, children }: Props) {
  const id = useId();
  const { registry } = useServices();
  const templates = useClient(TemplateService);
  const [sweepId, setSweepId] = useState("");
  const named = useQuery({
    queryKey: ["templates"],
    queryFn: ({ signal }) => templates.listTemplates({ pageSize: MOST_TEMPLATES }, { signal }),
  });
  const recent = useQuery({
    queryKey: ["sweeps to copy"],
    queryFn: ({ signal }) => registry.listSweeps({ pageSize: MOST_SWEEPS }, { signal }),
  });
  return (
    <Section id="start" title="Start from">
      <div className="start-choices">
        <button type="button" onClick={() => onStart({ kind: "blank" })}>
          A small example
        </button>
        <div className="field">
          <label htmlFor={`${id}-template`}>A template</label>
          <select
            id={`${id}-template`}
            value=""
            onChange={(event) => onStart({ kind: "template", name: event.target.value })}
          >
            <option value="" disabled>
              choose …
            </option>
            {named.data?.templates.map(({ name, description }) => (
              <option key={name} value={name} title={description}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <form
          className="with-button start-copy"
          onSubmit={(event) => {
            event.preventDefault();
            onStart({ kind: "sweep", name: sweepId.trim() });
          }}
        >
          <div className="field">
            <label htmlFor={`${id}-sweep`}>A copy of a sweep</label>
            <input
              id={`${id}-sweep`}
              list={`${id}-sweeps`}
              placeholder="the sweep's id"
              autoComplete="off"
              value={sweepId}
              onChange={(event) => setSweepId(event.target.value)}
            />
            <datalist id={`${id}-sweeps`}>
              {recent.data?.sweeps.map((sweep) => (
                <option key={sweep.sweepId} value={sweep.sweepId}>
                  {sweep.name}
                </option>
              ))}
            </datalist>
          </div>
          <button type="submit" disabled={sweepId.trim() === ""}>
            Copy
          </button>
        </form>
        <div className="field">
          <label htmlFor={`${id}-file`}>A file (YAML or JSON)</label>
          <input
            id={`${id}-file`}
            type="file"
            accept=".yaml,.yml,.json"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file !== undefined) onStart({ kind: "file", file });
              // The same file can be chosen again after it changed.
              event.target.value = "";
            }}
          />
        </div>
      </div>
      {children}
    </Section>
  );
}
