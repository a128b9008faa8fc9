import { describeProblem } from "../rpc/problems";

interface Props {
  readonly error: unknown;
  /** Asks again; the notice offers it where that can help. */
  readonly onRetry?: () => void;
}

/** Shows what went wrong in a call, and what helps. */
export function ProblemNotice({ error, onRetry }: Props) {
  const problem = describeProblem(error);
  // The frame of the page says so once, and leads to the login page.
  if (problem.remedy === "sign-in") return null;
  const canRetry = problem.remedy === "retry" || problem.remedy === "reload";
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{problem.title}</strong>
      </p>
      <p>{problem.text}</p>
      {problem.fields.length > 0 && (
        <ul>
          {problem.fields.map(({ field, description }) => (
            <li key={`${field}: ${description}`}>
              {field !== "" && <code>{field}</code>} {description}
            </li>
          ))}
        </ul>
      )}
      {problem.reference !== "" && (
        <p className="faint">
          The server's log has the details under <code>{problem.reference}</code>.
        </p>
      )}
      {canRetry && onRetry !== undefined && (
        <div className="actions">
          <button type="button" onClick={onRetry}>
            {problem.remedy === "reload" ? "Show the current state" : "Try again"}
          </button>
        </div>
      )}
    </div>
  );
}
