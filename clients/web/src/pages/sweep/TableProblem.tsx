import type { Problem } from "../../rpc/problems";
import type { WatchStatus } from "../../rpc/watch";

interface Props {
  readonly problem: Problem;
  readonly status: WatchStatus;
  readonly onRetry: () => void;
}

/** Why the runs that a page shows are not current. */
export function TableProblem({ problem, status, onRetry }: Props) {
  const isTryingAgain = status.kind !== "ended";
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{problem.title}</strong>
      </p>
      <p>
        {problem.text} {isTryingAgain && "What is shown is not current; trying again …"}
      </p>
      {!isTryingAgain && (
        <div className="actions">
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}
