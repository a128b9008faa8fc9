import { useId } from "react";
import type { SweepSpec } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount } from "../../store/format";
import { PriorRunsPreview } from "./PriorRunsPreview";
import { PriorSweep } from "./PriorSweep";
import { Section } from "./Section";

/** The runs that a new sweep starts with. */
export interface PriorRuns {
  readonly kind: "none" | "text" | "sweep";
  readonly text: string;
  readonly sweepId: string;
  readonly skipUnfit: boolean;
}

export const NO_PRIOR_RUNS: PriorRuns = { kind: "none", text: "", sweepId: "", skipUnfit: false };

interface Props {
  readonly value: PriorRuns;
  /** The config as the server reads it; undefined while it is not valid. */
  readonly spec: SweepSpec | undefined;
  readonly onChange: (value: PriorRuns) => void;
}

const KINDS = [
  ["none", "None"],
  ["text", "A file or a text"],
  ["sweep", "Another sweep"],
] as const;

/** Results of other runs, from which the sampler learns. */
export function PriorRunsSection({ value, spec, onChange }: Props) {
  const id = useId();
  return (
    <Section id="prior" title="Prior runs">
      <p className="hint">Results that the sampler learns from before the first run.</p>
      <fieldset className="choices">
        <legend className="visually-hidden">Where prior runs come from</legend>
        {KINDS.map(([kind, label]) => (
          <label key={kind}>
            <input
              type="radio"
              name={id}
              checked={value.kind === kind}
              onChange={() => onChange({ ...value, kind })}
            />
            {label}
          </label>
        ))}
      </fieldset>
      {value.kind === "sweep" && (
        <PriorSweep
          sweepId={value.sweepId}
          spec={spec}
          onChange={(sweepId) => onChange({ ...value, sweepId })}
        />
      )}
      {value.kind === "text" && (
        <>
          <div className="field">
            <label htmlFor={`${id}-file`}>CSV, JSON or JSON lines</label>
            <input
              id={`${id}-file`}
              type="file"
              accept=".csv,.json,.jsonl,.ndjson,.txt"
              onChange={async (event) => {
                const input = event.currentTarget;
                const file = input.files?.[0];
                if (file === undefined) return;
                const text = await file.text();
                // The same file can be chosen again after it changed.
                input.value = "";
                onChange({ ...value, text });
              }}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-text`}>Or paste the runs</label>
            <textarea
              id={`${id}-text`}
              className="prior-text"
              rows={5}
              spellCheck={false}
              wrap="off"
              placeholder={exampleOf(spec)}
              // A text of megabytes makes a field slow.
              value={value.text.length > MOST_SHOWN ? "" : value.text}
              disabled={value.text.length > MOST_SHOWN}
              onChange={(event) => onChange({ ...value, text: event.target.value })}
            />
          </div>
          {value.text.length > MOST_SHOWN && (
            <p className="hint">
              The file has {formatCount(value.text.length)} characters.{" "}
              <button
                type="button"
                className="link"
                onClick={() => onChange({ ...value, text: "" })}
              >
                Remove it
              </button>
            </p>
          )}
          {value.text.trim() !== "" && <PriorRunsPreview text={value.text} spec={spec} />}
        </>
      )}
      {value.kind !== "none" && (
        <div className="choices">
          <label>
            <input
              type="checkbox"
              checked={value.skipUnfit}
              onChange={(event) => onChange({ ...value, skipUnfit: event.target.checked })}
            />
            Leave out runs that do not fit; otherwise one of them rejects all
          </label>
        </div>
      )}
    </Section>
  );
}

const MOST_SHOWN = 200_000;

function exampleOf(spec: SweepSpec | undefined): string {
  const names = spec?.searchSpace?.parameters.slice(0, 3).map(({ name }) => name) ?? [];
  return [...names, ...(spec?.metrics.map(({ name }) => name) ?? [])].join(",");
}
