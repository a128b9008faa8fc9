import { formatCount } from "../../../store/format";
import { ALL_RUNS } from "../../../store/runFilter";
import type { RunTable } from "../../../store/runTable";
import { RunFilterBar } from "../runs/RunFilterBar";
import { useCurrentSweep } from "../sweepContext";
import { useRunFilter } from "../useRunFilter";
import { useAnalysis } from "./analysisContext";

/** How many runs the charts show, and the filter that they obey. */
export function FilterSummary() {
  const { table, mask, isFiltered, scored } = useAnalysis();
  const { setFilter } = useRunFilter();
  if (table === undefined) return <p className="faint">Loading the runs …</p>;
  const matching = mask.reduce((sum, one) => sum + one, 0);
  const isLoading = table.count < table.expected;
  return (
    <div className="analysis-filter">
      <details>
        <summary>
          <span role="status">
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
