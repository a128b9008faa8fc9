import { useMemo } from "react";
import { formatCount, formatValue } from "../../../store/format";
import { reachesTargets } from "../../../store/paretoFront";
import { finishedRows } from "../../../store/paretoView";
import { withCondition } from "../../../store/runFilter";
import type { RunFilter, RunTable } from "../../../store/runTable";
import type { ParetoView } from "./usePareto";

interface Props {
  readonly table: RunTable;
  readonly view: ParetoView;
  readonly filter: RunFilter;
  readonly onChange: (filter: RunFilter) => void;
}

/** How many runs reach the targets of the metrics, and a filter by them; nothing without targets. */
export function Targets({ table, view: { metrics, mask }, filter, onChange }: Props) {
  const aims = metrics.filter(({ target }) => target !== undefined);
  const count = useMemo(() => {
    const finished = finishedRows(table, mask);
    return finished.reduce(
      (sum, mark, row) => sum + (mark === 1 && reachesTargets(metrics, row) ? 1 : 0),
      0,
    );
  }, [table, mask, metrics]);
  if (aims.length === 0) return null;
  const show = () =>
    onChange(
      aims.reduce(
        (changed, { key, goal, target = 0 }) =>
          withCondition(changed, key, goal === "minimize" ? { max: target } : { min: target }),
        filter,
      ),
    );
  return (
    <p className="pareto-counts">
      <span>
        Targets:{" "}
        {aims
          .map(
            ({ name, goal, target = 0 }) =>
              `${name} at ${goal === "minimize" ? "most" : "least"} ${formatValue(target)}`,
          )
          .join(", ")}
        . {formatCount(count)} of these runs {count === 1 ? "reaches" : "reach"} all of them.
      </span>
      {count > 0 && (
        <button type="button" className="link" onClick={show}>
          Show these runs only
        </button>
      )}
    </p>
  );
}
