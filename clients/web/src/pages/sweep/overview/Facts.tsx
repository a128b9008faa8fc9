import { useState } from "react";
import { SweepEventKind } from "../../../gen/wanllmdb/api/registry/v1/activity_pb";
import { useServices } from "../../../rpc/context";
import { formatAge, formatCount } from "../../../store/format";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { useNow } from "../../../ui/useNow";
import { useCurrentSweep } from "../sweepContext";

/** Who works on the sweep, and on which runs. */
export function Agents() {
  const { sweepId, revision } = useCurrentSweep();
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
      empty={({ agents }) => (agents.length === 0 ? <StartAgent sweepId={sweepId} /> : undefined)}
    >
      {({ agents, nextPageToken }) => (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <section className="table-scroll chart-table" aria-label="Agents, data" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Agent</th>
                  <th scope="col">Runs now</th>
                  <th scope="col">Ended</th>
                  <th scope="col">Failed</th>
                  <th scope="col">Seen</th>
                </tr>
              </thead>
              <tbody>
                {agents.map((agent) => (
                  <tr key={agent.agentId}>
                    <td className="name">{agent.agentId}</td>
                    <td>{agent.runningNumbers.slice(0, 5).join(", ") || "idle"}</td>
                    <td className="number left">{formatCount(agent.endedRunCount)}</td>
                    <td className="number left">{formatCount(agent.failedRunCount)}</td>
                    <td>{formatAge(agent.lastSeenTime, now)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          {nextPageToken !== "" && <p className="faint">The first {agents.length} by name.</p>}
        </>
      )}
    </Chart>
  );
}

function StartAgent({ sweepId }: { sweepId: string }) {
  return (
    <>
      <p>No agent has worked on this sweep. Start one:</p>
      <pre>wanllmdb agent {sweepId}</pre>
    </>
  );
}

const EVENTS: Record<SweepEventKind, string> = {
  [SweepEventKind.UNSPECIFIED]: "changed",
  [SweepEventKind.CREATED]: "created",
  [SweepEventKind.STARTED]: "started",
  [SweepEventKind.PAUSED]: "paused",
  [SweepEventKind.RESUMED]: "resumed",
  [SweepEventKind.FINISHED]: "finished",
  [SweepEventKind.FAILED]: "failed",
  [SweepEventKind.CANCELED]: "canceled",
  [SweepEventKind.UPDATED]: "updated",
  [SweepEventKind.RUNS_IMPORTED]: "runs imported",
  [SweepEventKind.RUNS_ENQUEUED]: "runs enqueued",
  [SweepEventKind.RUNS_RETRIED]: "runs retried",
  [SweepEventKind.RUNS_CANCELED]: "runs canceled",
};

/** What happened to the sweep, latest first. */
export function Events() {
  const { sweepId, revision } = useCurrentSweep();
  const { registry } = useServices();
  const now = useNow(5_000);
  const answer = useAnswer({
    key: ["events", sweepId],
    revision,
    ask: (signal) => registry.listSweepEvents({ sweepId, pageSize: 20 }, { signal }),
  });
  return (
    <Chart
      title="Events"
      answer={answer}
      empty={({ events }) => (events.length === 0 ? <p>Nothing has happened yet.</p> : undefined)}
    >
      {({ events, nextPageToken }) => (
        <>
          <ol className="events">
            {events.map(({ revision: at, kind, time, detail, keyId }) => (
              <li key={`${at} ${kind}`}>
                <strong>{EVENTS[kind] ?? "changed"}</strong>{" "}
                <span className="faint">
                  {formatAge(time, now)}
                  {keyId !== "" && ` by key ${keyId}`}
                </span>
                {detail !== "" && <div>{detail}</div>}
              </li>
            ))}
          </ol>
          {nextPageToken !== "" && <p className="faint">The latest {events.length}.</p>}
        </>
      )}
    </Chart>
  );
}

/** The sweep's config as YAML. */
export function Configuration() {
  const { sweepId, revision } = useCurrentSweep();
  const { registry } = useServices();
  const [said, setSaid] = useState("");
  const answer = useAnswer({
    key: ["config", sweepId],
    revision,
    ask: (signal) => registry.exportSweep({ sweepId }, { signal }),
  });
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("The browser does not allow it; select the text instead.");
    }
  };
  return (
    <Chart title="Configuration" answer={answer}>
      {({ text }) => (
        <div className="config">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <pre tabIndex={0}>{text}</pre>
          <div className="chart-tools">
            <button type="button" onClick={() => copy(text)}>
              Copy YAML
            </button>
            <span role="status" className="faint">
              {said}
            </span>
          </div>
        </div>
      )}
    </Chart>
  );
}
