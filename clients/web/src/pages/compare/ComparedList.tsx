import { Link } from "@tanstack/react-router";
import { describeProblem } from "../../rpc/problems";
import type { Incomparable } from "../../store/comparison";
import { StateBadge } from "../../ui/StateBadge";
import { Mark } from "./CoursePlot";
import type { ReadSweep } from "./useComparedSweeps";

interface Props {
  readonly read: readonly ReadSweep[];
  readonly ids: readonly string[];
  readonly incomparable: readonly Incomparable[];
  readonly onRemove: (sweepId: string) => void;
}

/** The sweeps of the comparison with the look of their lines, and why some are not in the charts. */
export function ComparedList({ read, ids, incomparable, onRemove }: Props) {
  return (
    <ul className="compared">
      {read.map(({ sweepId, sweep, error, retry }) => {
        const name = sweep?.name || sweepId;
        const reason = incomparable.find((each) => each.sweepId === sweepId)?.reason;
        const problem = error === null || error === undefined ? undefined : describeProblem(error);
        return (
          <li key={sweepId}>
            <Mark place={ids.indexOf(sweepId)} />
            <Link to="/sweeps/$sweepId" params={{ sweepId }}>
              <bdi>{name}</bdi>
            </Link>
            {sweep !== undefined && (
              <>
                <span className="faint">{sweep.project}</span>
                <StateBadge state={sweep.state} />
              </>
            )}
            {reason !== undefined && (
              <span className="incomparable">Not in the charts: {reason}</span>
            )}
            {problem !== undefined && (
              <span className="at-fault" role="alert">
                {problem.title}: {problem.text}{" "}
                {problem.remedy === "retry" && (
                  <button type="button" className="link" onClick={retry}>
                    Try again
                  </button>
                )}
              </span>
            )}
            <button type="button" aria-label={`Remove ${name}`} onClick={() => onRemove(sweepId)}>
              Remove
            </button>
          </li>
        );
      })}
    </ul>
  );
}
