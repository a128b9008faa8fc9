import { useId, useMemo } from "react";
import type { SweepSpec } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount } from "../../store/format";
import { checkPriorRuns, priorValue } from "../../store/priorRunCheck";
import { type PriorRunText, readPriorRuns } from "../../store/priorRunText";
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
        <div className="field">
          <label htmlFor={`${id}-sweep`}>The sweep's id</label>
          <input
            id={`${id}-sweep`}
            value={value.sweepId}
            aria-describedby={`${id}-sweep-hint`}
            onChange={(event) => onChange({ ...value, sweepId: event.target.value.trim() })}
          />
          <span id={`${id}-sweep-hint`} className="hint">
            Its finished, pruned and failed runs; parameters and metrics are matched by name.
          </span>
        </div>
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
          {value.text.trim() !== "" && <Preview text={value.text} spec={spec} />}
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

function Preview({ text, spec }: { text: string; spec: SweepSpec | undefined }) {
  const read = useMemo(() => readPriorRuns(text), [text]);
  const check = useMemo(
    () => (spec === undefined ? undefined : checkPriorRuns(read, spec)),
    [read, spec],
  );
  if (read.problem !== undefined) return <p className="hint at-fault">✗ {read.problem}</p>;
  if (check === undefined || spec === undefined) {
    return (
      <p className="faint">
        {formatCount(read.rows.length)} runs. They are compared with the search space once the
        config is valid.
      </p>
    );
  }
  return (
    <>
      <p aria-live="polite">
        {formatCount(read.rows.length)} {read.rows.length === 1 ? "run" : "runs"},{" "}
        {check.problems.size === 0
          ? "all of which fit"
          : `${formatCount(check.fit)} of which fit the search space`}
        {check.problems.size > 0 && (
          <span className="at-fault">
            {" "}
            ✗ {formatCount(check.problems.size)} {check.problems.size === 1 ? "does" : "do"} not
          </span>
        )}
      </p>
      {check.ignored.length > 0 && (
        <p className="hint">
          Ignored, since the sweep has no such parameter or metric: {check.ignored.join(", ")}
        </p>
      )}
      <Rows read={read} spec={spec} problems={check.problems} />
    </>
  );
}

const MOST_ROWS = 8;
const MOST_COLUMNS = 8;

function Rows({
  read,
  spec,
  problems,
}: {
  read: PriorRunText;
  spec: SweepSpec;
  problems: ReadonlyMap<number, readonly string[]>;
}) {
  // What does not fit goes first.
  const chosen = [...problems.keys()].slice(0, MOST_ROWS);
  for (let index = 0; index < read.rows.length && chosen.length < MOST_ROWS; index += 1) {
    if (!problems.has(index)) chosen.push(index);
  }
  const columns = [
    ...(spec.searchSpace?.parameters ?? []).map(({ name }) => ["parameters", name] as const),
    ...spec.metrics.map(({ name }) => ["metrics", name] as const),
  ];
  const metrics = columns.slice(-spec.metrics.length || columns.length);
  const shown = columns.length <= MOST_COLUMNS ? columns : [...columns.slice(0, 6), ...metrics];
  return (
    <div className="table-scroll prior-rows">
      <table>
        <caption className="visually-hidden">
          The first runs; those that do not fit go first
        </caption>
        <thead>
          <tr>
            <th className="number">Line</th>
            {shown.map(([kind, name]) => (
              <th key={`${kind} ${name}`}>{name}</th>
            ))}
            <th>Problems</th>
          </tr>
        </thead>
        <tbody>
          {chosen.map((index) => {
            const row = read.rows[index];
            if (row === undefined) return null;
            return (
              <tr key={index}>
                <td className="number">{row.line}</td>
                {shown.map(([kind, name]) => (
                  <td key={`${kind} ${name}`}>{priorValue(row, kind, name) ?? "–"}</td>
                ))}
                <td className="prior-problems">
                  {problems.has(index) ? (
                    <span className="at-fault">✗ {problems.get(index)?.join("; ")}</span>
                  ) : (
                    "none"
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
