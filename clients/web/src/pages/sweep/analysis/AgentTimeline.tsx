import { useContext, useMemo } from "react";
import { RunState } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { formatCount } from "../../../store/format";
import { runStateName } from "../../../store/runStates";
import type { RunTable } from "../../../store/runTable";
import {
  clampRange,
  MOST_TRACKS,
  type Timeline,
  type TimeRange,
  timelineOf,
} from "../../../store/timeline";
import { formatSeconds, formatTime, zoneName } from "../../../store/times";
import { Chart } from "../../../ui/Chart";
import { OnScreenContext } from "../../../ui/useAnswer";
import { useNow } from "../../../ui/useNow";
import { RunStateText } from "../runs/RunStateText";
import { useAnalysis, useAnalysisSearch } from "./analysisContext";
import { computed } from "./computed";
import { NoneStarted } from "./Nothing";
import { TimelinePlot } from "./TimelinePlot";

/** As many agents as these are shown at once. */
const LANES = 40;
const SHOWN_STATES = [
  RunState.RUNNING,
  RunState.FINISHED,
  RunState.PRUNED,
  RunState.FAILED,
  RunState.LOST,
  RunState.CANCELED,
];

/** What each agent worked on when: a lane for each agent, a bar for each run. */
export function AgentTimeline() {
  const { table, mask, isFiltered } = useAnalysis();
  const data = useMemo(
    () => (table === undefined ? undefined : { table, timeline: timelineOf(table, mask) }),
    [table, mask],
  );
  return (
    <Chart
      title="Timeline of agents"
      answer={computed(data)}
      empty={({ timeline }) =>
        timeline.rows.length === 0 ? <NoneStarted isFiltered={isFiltered} /> : undefined
      }
      table={({ table: { numbers }, timeline }) => ({
        head: ["agent", "run", "state", `start, ${zoneName()}`, "seconds"],
        rows: Array.from(timeline.rows, (row, index) => [
          agentOf(timeline, index),
          numbers[row],
          runStateName(timeline.states[index] ?? 0),
          formatTime((timeline.starts[index] ?? 0) * 1000),
          (timeline.ends[index] ?? Number.NaN) - (timeline.starts[index] ?? 0),
        ]),
      })}
    >
      {({ table: current, timeline }) => <Lanes table={current} timeline={timeline} />}
    </Chart>
  );
}

function agentOf({ lanes, tracksOf }: Timeline, index: number): string | undefined {
  const track = tracksOf[index] ?? 0;
  return lanes.find(({ firstTrack, tracks }) => track >= firstTrack && track < firstTrack + tracks)
    ?.agent;
}

function Lanes({ table, timeline }: { table: RunTable; timeline: Timeline }) {
  const { search, setSearch } = useAnalysisSearch();
  const isRunning = timeline.states.includes(RunState.RUNNING);
  const isOnScreen = useContext(OnScreenContext);
  const clock = useNow(isRunning && isOnScreen ? 2_000 : 60_000) / 1000;
  // The clock of this machine may be behind the server's.
  const now = isRunning ? Math.max(clock, timeline.last) : timeline.last;
  const whole = { from: timeline.first, to: Math.max(now, timeline.first + 1e-3) };
  const { from, to } = search;
  const hasRange = from !== undefined && to !== undefined;
  const range = hasRange
    ? clampRange({ from: timeline.first + from, to: timeline.first + to }, whole)
    : whole;
  const setRange = (wanted: TimeRange) => {
    const next = clampRange(wanted, whole);
    const isAll = next.from <= whole.from && next.to >= whole.to;
    const rounded = (time: number) => Number((time - timeline.first).toFixed(3));
    setSearch(
      isAll
        ? { from: undefined, to: undefined }
        : { from: rounded(next.from), to: rounded(next.to) },
    );
  };
  const pages = Math.max(1, Math.ceil(timeline.lanes.length / LANES));
  const page = Math.min(search.agents ?? 1, pages);
  const lanes = timeline.lanes.slice((page - 1) * LANES, page * LANES);
  const length = range.to - range.from;
  const middle = (range.from + range.to) / 2;
  const zoom = (factor: number) =>
    setRange({ from: middle - (length * factor) / 2, to: middle + (length * factor) / 2 });
  const move = (share: number) =>
    setRange({ from: range.from + length * share, to: range.to + length * share });
  return (
    <>
      <div className="chart-controls">
        <fieldset className="button-row">
          <legend className="visually-hidden">Range of time</legend>
          <button type="button" onClick={() => zoom(0.5)}>
            Zoom in
          </button>
          <button type="button" disabled={!hasRange} onClick={() => zoom(2)}>
            Zoom out
          </button>
          <button type="button" disabled={range.from <= whole.from} onClick={() => move(-0.5)}>
            Earlier
          </button>
          <button type="button" disabled={range.to >= whole.to} onClick={() => move(0.5)}>
            Later
          </button>
          <button type="button" disabled={!hasRange} onClick={() => setRange(whole)}>
            All
          </button>
        </fieldset>
        {pages > 1 && (
          <label>
            Agents
            <select
              value={page}
              onChange={(event) => {
                const next = Number(event.target.value);
                setSearch({ agents: next > 1 ? next : undefined });
              }}
            >
              {Array.from({ length: pages }, (_, index) => (
                <option key={index} value={index + 1}>
                  {index * LANES + 1}–{Math.min((index + 1) * LANES, timeline.lanes.length)} of{" "}
                  {timeline.lanes.length}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <TimelinePlot
        table={table}
        timeline={timeline}
        lanes={lanes}
        range={range}
        now={now}
        onRange={setRange}
      />
      <p className="plot-legend timeline-states">
        {SHOWN_STATES.map((state) => (
          <RunStateText key={state} state={state} />
        ))}
        <span>
          {formatCount(timeline.rows.length)} runs; {formatSeconds(length)} from{" "}
          {formatTime(range.from * 1000)} ({zoneName()}). Drag across it to zoom.
          {lanes.some(({ tracks }) => tracks === MOST_TRACKS) &&
            ` An agent with more than ${MOST_TRACKS} runs at once shows the others on its last track.`}
        </span>
      </p>
    </>
  );
}
