import type { ReactNode } from "react";
import type { ParseSweepConfigResponse } from "../../gen/wanllmdb/api/registry/v1/registry_service_pb";
import type { FieldProblem } from "../../rpc/problems";
import { formatCount } from "../../store/format";
import { Section } from "./Section";

interface Props {
  readonly answer: ParseSweepConfigResponse | undefined;
  readonly isCurrent: boolean;
  readonly isValid: boolean;
  readonly problems: readonly FieldProblem[];
  readonly onReveal: (problem: FieldProblem) => void;
  readonly children: ReactNode;
}

const MOST_LISTED = 50;

/** What the server makes of the config, and the button that creates the sweep. */
export function ReviewSection(props: Props) {
  const { answer, isCurrent, isValid, problems, onReveal, children } = props;
  const spec = answer?.spec;
  const listed = problems.slice(0, MOST_LISTED);
  return (
    <Section id="review" title="Review">
      <div aria-live="polite">
        {!isCurrent && <p className="faint">Checking …</p>}
        {isCurrent && isValid && (
          <p className="verdict">
            ✓ The config is valid
            {spec?.searchSpace !== undefined &&
              `: ${formatCount(spec.searchSpace.parameters.length)} parameters, sampler ${
                spec.sampler?.name ?? "–"
              }`}
            {spec?.runCap !== undefined && `, at most ${formatCount(spec.runCap)} runs`}
          </p>
        )}
        {isCurrent && isValid && answer?.gridSize !== undefined && (
          <p>
            The grid has <strong>{formatCount(answer.gridSize)}</strong>{" "}
            {answer.gridSize === 1n ? "point" : "points"}.
          </p>
        )}
        {isCurrent && problems.length > 0 && (
          <p className="at-fault">
            ✗ {problems.length === 1 ? "1 problem" : `${formatCount(problems.length)} problems`}
          </p>
        )}
      </div>
      {problems.length > 0 && (
        <ul className="problem-list">
          {listed.map((problem) => (
            <li key={`${problem.field}: ${problem.description}`}>
              {problem.line !== undefined && (
                <button type="button" className="link" onClick={() => onReveal(problem)}>
                  Line {problem.line}
                </button>
              )}{" "}
              <code>{problem.field}</code> {problem.description}
            </li>
          ))}
          {problems.length > listed.length && (
            <li className="faint">and {formatCount(problems.length - listed.length)} more</li>
          )}
        </ul>
      )}
      {isValid && (answer?.warnings.length ?? 0) > 0 && (
        <ul className="problem-list">
          {answer?.warnings.map((warning) => (
            <li key={warning}>
              <span className="warning">Warning:</span> {warning}
            </li>
          ))}
        </ul>
      )}
      {children}
    </Section>
  );
}
