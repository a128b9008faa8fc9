import { useServices } from "../../../rpc/context";
import { formatAge, formatCount } from "../../../store/format";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { useNow } from "../../../ui/useNow";
import { useCurrentSweep } from "../sweepContext";
import { StartAgents } from "./StartAgents";

/** The agents that work on the sweep, their runs, and how to start more. */
export function Agents() {
  const sweep = useCurrentSweep();
  const { sweepId, revision, endTime } = sweep;
  const totalRuns = sweep.stats?.totalRuns ?? 0n;
  const { registry } = useServices();
  const now = useNow(5_000);
  const answer = useAnswer({
    key: ["agents", sweepId],
    revision,
    ask: (signal) => registry.listAgents({ sweepId, includeIdle: true }, { signal }),
  });
  return (
    <Chart
      title="Agents"
      answer={answer}
      empty={({ agents }) =>
        agents.length > 0 ? undefined : (
          <>
            <p>No agent has worked on this sweep.</p>
            {/* The page of a sweep without runs has the commands above. */}
            {endTime === undefined && totalRuns > 0n && <StartAgents sweep={sweep} />}
          </>
        )
      }
    >
      {({ agents, nextPageToken }) => (
        <>
          <section
            className="table-scroll chart-table agents"
            aria-label="Agents, data"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
            tabIndex={0}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">Agent</th>
                  <th scope="col">Runs now</th>
                  <th scope="col" className="number">
                    Ended
                  </th>
                  <th scope="col" className="number">
                    Failed
                  </th>
                  <th scope="col" className="number">
                    Seen
                  </th>
                </tr>
              </thead>
              <tbody>
                {agents.map((agent) => (
                  <tr key={agent.agentId}>
                    <td className="name" title={agent.agentId} dir="auto">
                      {agent.agentId}
                    </td>
                    <td>{runsText(agent.runningNumbers, agent.runningRunCount)}</td>
                    <td className="number">{formatCount(agent.endedRunCount)}</td>
                    <td className="number">{formatCount(agent.failedRunCount)}</td>
                    <td className="number">{formatAge(agent.lastSeenTime, now)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          {nextPageToken !== "" && <p className="faint">The first {agents.length} by name.</p>}
          {endTime === undefined && (
            <details className="more-agents">
              <summary>Start more agents</summary>
              <StartAgents sweep={sweep} />
            </details>
          )}
        </>
      )}
    </Chart>
  );
}

const MOST_NUMBERS = 3;

function runsText(numbers: readonly bigint[], count: bigint): string {
  if (count === 0n) return "idle";
  const shown = numbers.slice(0, MOST_NUMBERS);
  const more = Number(count) - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${formatCount(more)} more` : ""}`;
}
