import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useServices } from "../../rpc/context";
import type { Services } from "../../rpc/transport";
import { BLANK } from "../../store/sweepConfig";
import { ProblemNotice } from "../../ui/ProblemNotice";

const MOST = 1_000;

type Start = { kind: "template" | "sweep"; name: string } | { kind: "file"; file: File };

/** Replaces the config by a blank one, a template, that of another sweep, or a file. */
export function StartPanel({ onStart }: { onStart: (text: string) => void }) {
  const id = useId();
  const services = useServices();
  const [sweepId, setSweepId] = useState("");
  const templates = useQuery({
    queryKey: ["templates"],
    queryFn: ({ signal }) => services.templates.listTemplates({ pageSize: MOST }, { signal }),
  });
  const start = useMutation({
    mutationFn: (wanted: Start) => read(services, wanted),
    onSuccess: onStart,
  });
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Start from</h2>
      <div className="filters">
        <button type="button" onClick={() => onStart(BLANK)}>
          A small example
        </button>
        <div className="field">
          <label htmlFor={`${id}-template`}>A template</label>
          <select
            id={`${id}-template`}
            value=""
            onChange={(event) => start.mutate({ kind: "template", name: event.target.value })}
          >
            <option value="" disabled>
              choose …
            </option>
            {templates.data?.templates.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
        <form
          className="with-button"
          onSubmit={(event) => {
            event.preventDefault();
            start.mutate({ kind: "sweep", name: sweepId.trim() });
          }}
        >
          <div className="field">
            <label htmlFor={`${id}-sweep`}>A sweep's config (id)</label>
            <input
              id={`${id}-sweep`}
              value={sweepId}
              onChange={(event) => setSweepId(event.target.value)}
            />
          </div>
          <button type="submit" disabled={sweepId.trim() === ""}>
            Copy it
          </button>
        </form>
        <div className="field">
          <label htmlFor={`${id}-file`}>A file</label>
          <input
            id={`${id}-file`}
            type="file"
            accept=".yaml,.yml,.json"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file !== undefined) start.mutate({ kind: "file", file });
              // The same file can be chosen again after it changed.
              event.target.value = "";
            }}
          />
        </div>
      </div>
      {start.isError && <ProblemNotice error={start.error} />}
    </section>
  );
}

async function read({ registry, templates }: Services, start: Start): Promise<string> {
  switch (start.kind) {
    case "file":
      return start.file.text();
    case "sweep":
      return (await registry.exportSweep({ sweepId: start.name })).text;
    case "template": {
      const { template } = await templates.getTemplate({ name: start.name });
      // A placeholder without a default has an example for this.
      const values = Object.fromEntries(
        (template?.placeholders ?? []).flatMap(({ name, default: given, example }) =>
          given === undefined && example !== undefined ? [[name, example]] : [],
        ),
      );
      return (await templates.renderTemplate({ template: { template: start.name, values } })).text;
    }
  }
}
