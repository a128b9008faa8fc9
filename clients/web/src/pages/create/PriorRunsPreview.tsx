import { useMemo } from "react";
import type { SweepSpec } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount } from "../../store/format";
import { checkPriorRuns, priorValue } from "../../store/priorRunCheck";
import { type PriorRunText, readPriorRuns } from "../../store/priorRunText";

interface Props {
  readonly text: string;
  /** The config as the server reads it; undefined while it is not valid. */
  readonly spec: SweepSpec | undefined;
}

/** Counts the runs of a text, and shows the first ones with their problems. */
export function PriorRunsPreview({ text, spec }: Props) {
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
