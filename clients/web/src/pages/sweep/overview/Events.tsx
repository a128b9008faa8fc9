import { timestampMs } from "@bufbuild/protobuf/wkt";
import { SweepEventKind } from "../../../gen/wanllmdb/api/registry/v1/activity_pb";
import { useServices } from "../../../rpc/context";
import { formatAge } from "../../../store/format";
import { formatTime, zoneName } from "../../../store/times";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { useNow } from "../../../ui/useNow";
import { useCurrentSweep } from "../sweepContext";

const EVENTS: Record<SweepEventKind, string> = {
  [SweepEventKind.UNSPECIFIED]: "Changed",
  [SweepEventKind.CREATED]: "Created",
  [SweepEventKind.STARTED]: "Started",
  [SweepEventKind.PAUSED]: "Paused",
  [SweepEventKind.RESUMED]: "Resumed",
  [SweepEventKind.FINISHED]: "Finished",
  [SweepEventKind.FAILED]: "Failed",
  [SweepEventKind.CANCELED]: "Canceled",
  [SweepEventKind.UPDATED]: "Settings changed",
  [SweepEventKind.RUNS_IMPORTED]: "Runs imported",
  [SweepEventKind.RUNS_ENQUEUED]: "Runs enqueued",
  [SweepEventKind.RUNS_RETRIED]: "Runs retried",
  [SweepEventKind.RUNS_CANCELED]: "Runs canceled",
};

const TONES: Partial<Record<SweepEventKind, string>> = {
  [SweepEventKind.STARTED]: "good",
  [SweepEventKind.RESUMED]: "good",
  [SweepEventKind.FINISHED]: "good",
  [SweepEventKind.PAUSED]: "warn",
  [SweepEventKind.FAILED]: "danger",
  [SweepEventKind.CANCELED]: "danger",
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
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <ol className="events log" tabIndex={0} aria-label="Events, latest first">
            {events.map(({ revision: at, kind, time, detail, keyId, address }) => {
              const milliseconds = time === undefined ? 0 : timestampMs(time);
              return (
                <li key={`${at} ${kind}`} className={`event-${TONES[kind] ?? "plain"}`}>
                  <div className="event-head">
                    <strong>{EVENTS[kind] ?? "Changed"}</strong>
                    <time
                      dateTime={new Date(milliseconds).toISOString()}
                      title={`${formatTime(milliseconds)}, ${zoneName()}`}
                    >
                      {formatAge(time, now)}
                    </time>
                  </div>
                  {detail !== "" && <div dir="auto">{detail}</div>}
                  {(keyId !== "" || address !== "") && (
                    <div className="hint">
                      {[keyId !== "" && `by key ${keyId}`, address !== "" && `from ${address}`]
                        .filter(Boolean)
                        .join(" ")}
                    </div>
                  )}
                </li>
              );
            })}
          </ol>
          {nextPageToken !== "" && <p className="faint">The latest {events.length}.</p>}
        </>
      )}
    </Chart>
  );
}
