import { useServices } from "../../../rpc/context";
import { formatCount, formatValue } from "../../../store/format";
import { formatParameter } from "../../../store/sweeps";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { NoRuns } from "../charts/NoRuns";
import { useCurrentSweep } from "../sweepContext";

const MOST_RUNS = 50;

/** The runs that no other run beats in every metric. */
export function ParetoFront() {
  const { sweepId, revision, spec } = useCurrentSweep();
  const { suggestion } = useServices();
  const answer = useAnswer({
    key: ["front", sweepId],
    revision,
    ask: (signal) => suggestion.getBestRuns({ sweepId, count: MOST_RUNS }, { signal }),
  });
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
            {totalRuns > runs.length && `; the first ${formatCount(runs.length)}`}.
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <section className="table-scroll chart-table" aria-label="Best runs, data" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Run</th>
                  {spec?.metrics.map(({ name }) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                  <th scope="col">Parameters</th>
                </tr>
              </thead>
              <tbody>
                {runs.map((run) => (
                  <tr key={String(run.number)}>
                    <td className="number left">{String(run.number)}</td>
                    {spec?.metrics.map(({ name }, index) => (
                      <td key={name} className="number left">
                        {formatValue(run.objectives[index] ?? Number.NaN)}
                      </td>
                    ))}
                    <td>
                      {Object.entries(run.parameters)
                        .sort(([one], [other]) => one.localeCompare(other))
                        .map(([name, value]) => `${name} ${formatParameter(value)}`)
                        .join(", ")}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </Chart>
  );
}
