import { Link } from "@tanstack/react-router";
import type { Sweep, SweepStats } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount } from "../../../store/format";
import { RUN_STATE_NAMES, RUN_STATES, type RunStateName } from "../../../store/runStates";
import { RunStateText } from "../runs/RunStateText";

const COUNTS: Record<RunStateName, (stats: SweepStats) => bigint> = {
  queued: (stats) => stats.queuedRuns,
  running: (stats) => stats.runningRuns,
  finished: (stats) => stats.finishedRuns,
  pruned: (stats) => stats.prunedRuns,
  failed: (stats) => stats.failedRuns,
  lost: (stats) => stats.lostRuns,
  canceled: (stats) => stats.canceledRuns,
};

/** In the bar, what has ended comes first. */
const BAR: readonly RunStateName[] = [
  "finished",
  "pruned",
  "failed",
  "lost",
  "canceled",
  "running",
  "queued",
];

/** How many runs are in each state: a bar of their shares, and counts that lead to the runs. */
export function RunCounts({ sweep: { sweepId, spec, stats } }: { sweep: Sweep }) {
  const countOf = (name: RunStateName) => (stats === undefined ? 0 : Number(COUNTS[name](stats)));
  const total = Math.max(Number(spec?.runCap ?? 0n), Number(stats?.totalRuns ?? 0n), 1);
  return (
    <>
      <div className="state-bar" aria-hidden="true">
        {BAR.map((name) => (
          <span
            key={name}
            className={`share-${name}`}
            style={{ width: `${(countOf(name) / total) * 100}%` }}
          />
        ))}
      </div>
      <ul className="state-counts">
        {RUN_STATE_NAMES.map((name) => (
          <li key={name}>
            <Link to="/sweeps/$sweepId/runs" params={{ sweepId }} search={{ states: [name] }}>
              <RunStateText state={RUN_STATES[name]} />{" "}
              <strong>{formatCount(countOf(name))}</strong>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
