import "../pareto/pareto.css";
import { Link } from "@tanstack/react-router";
import { SuggestionService } from "../../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import { useClient } from "../../../rpc/context";
import { formatCount, formatValue } from "../../../store/format";
import { formatParameter } from "../../../store/sweeps";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { NoRuns } from "../charts/NoRuns";
import { type FrontColumn, FrontTable } from "../pareto/FrontTable";
import { useCurrentSweep } from "../sweepContext";

const MOST_RUNS = 10;

/** The first runs that no other run beats in every metric, and the way to all of them. */
export function ParetoFront() {
  const { sweepId, revision, spec } = useCurrentSweep();
  const suggestion = useClient(SuggestionService);
  const answer = useAnswer({
    key: ["front", sweepId],
    revision,
    ask: (signal) => suggestion.getBestRuns({ sweepId, count: MOST_RUNS }, { signal }),
  });
  const metrics = spec?.metrics ?? [];
  const columns: FrontColumn[] = [
    ...metrics.map(({ name }) => ({ key: `objective:${name}`, name, isNumeric: true })),
    { key: "parameters", name: "Parameters", isNumeric: false },
  ];
  return (
    <Chart
      title="Best runs"
      answer={answer}
      empty={({ runs }) => (runs.length === 0 ? <NoRuns /> : undefined)}
    >
      {({ runs, totalRuns }) => (
        <>
          <p className="faint">
            {formatCount(totalRuns)} runs that no other run beats in every metric
            {totalRuns > runs.length && `; the first ${formatCount(runs.length)}`}.{" "}
            <Link from="/sweeps/$sweepId" to="/sweeps/$sweepId/pareto" search={(search) => search}>
              The Pareto front as a chart
            </Link>
          </p>
          <FrontTable
            sweepId={sweepId}
            columns={columns}
            runs={runs.map(({ number, objectives, parameters }) => ({
              number: Number(number),
              cells: [
                ...metrics.map((_, index) => formatValue(objectives[index] ?? Number.NaN)),
                Object.entries(parameters)
                  .sort(([one], [other]) => one.localeCompare(other))
                  .map(([name, value]) => `${name} ${formatParameter(value)}`)
                  .join(", "),
              ],
            }))}
          />
        </>
      )}
    </Chart>
  );
}
