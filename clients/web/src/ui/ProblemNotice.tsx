import { Link, useLocation } from "@tanstack/react-router";
import { describeProblem } from "../rpc/problems";

interface Props {
  readonly error: unknown;
  /** Asks again; the notice offers it where that can help. */
  readonly onRetry?: () => void;
}

/** Shows what went wrong in a call, and what helps. */
export function ProblemNotice({ error, onRetry }: Props) {
  const location = useLocation();
  const problem = describeProblem(error);
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
      {problem.remedy === "sign-in" && location.pathname !== "/login" && (
        <p>
          <Link to="/login" search={{ next: location.href }}>
            Sign in
          </Link>
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
