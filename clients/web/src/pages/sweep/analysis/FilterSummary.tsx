import { useEffect, useRef, useState } from "react";
import { formatCount } from "../../../store/format";
import { ALL_RUNS } from "../../../store/runFilter";
import type { RunFilter, RunTable } from "../../../store/runTable";
import { RunFilterBar } from "../runs/RunFilterBar";
import { useCurrentSweep } from "../sweepContext";
import { useRunFilter } from "../useRunFilter";
import { useAnalysis } from "./analysisContext";

/** How many runs the charts show, and the filter that they obey. */
export function FilterSummary() {
  const { table, mask, filter, isFiltered, scored } = useAnalysis();
  const { setFilter } = useRunFilter();
  const said = useSaid(filter, mask);
  if (table === undefined) return <p className="faint">Loading the runs …</p>;
  const matching = countOf(mask);
  const isLoading = table.count < table.expected;
  return (
    <div className="analysis-filter">
      <details>
        <summary>
          <span>
            {isFiltered ? (
              <>
                Filter: <strong>{formatCount(matching)}</strong> of {formatCount(table.count)} runs
              </>
            ) : (
              <>Filter: all {formatCount(table.count)} runs</>
            )}
            , {formatCount(scored.rows.length)} with a result
          </span>
        </summary>
        <Bar table={table} />
      </details>
      {isFiltered && (
        <button type="button" onClick={() => setFilter(ALL_RUNS)}>
          Show all runs
        </button>
      )}
      <p className="visually-hidden" role="status">
        {said}
      </p>
      {isLoading && (
        <progress
          value={table.count}
          max={table.expected}
          aria-label={`Loading ${formatCount(table.expected)} runs`}
        />
      )}
    </div>
  );
}

/** Returns what a screen reader says after another filter; runs that come are too many to say. */
function useSaid(filter: RunFilter, mask: Uint8Array): string {
  const before = useRef(filter);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (before.current === filter) return;
    before.current = filter;
    setSaid(`${formatCount(countOf(mask))} of ${formatCount(mask.length)} runs match`);
  }, [filter, mask]);
  return said;
}

function countOf(mask: Uint8Array): number {
  let count = 0;
  for (const one of mask) count += one;
  return count;
}

function Bar({ table }: { table: RunTable }) {
  const { filter, setFilter } = useRunFilter();
  const { spec } = useCurrentSweep();
  return (
    <RunFilterBar
      table={table}
      filter={filter}
      onChange={setFilter}
      hasBest={spec?.metrics.length === 1}
    />
  );
}
