import type { ReactNode } from "react";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount, formatDuration, formatPercent, formatValue } from "../../../store/format";
import { bestOf, progressOf } from "../../../store/sweeps";
import { GoalArrow } from "../../../ui/GoalArrow";
import { RunCounts } from "./RunCounts";

/** How far the sweep is, in figures that keep their place while they change. */
export function Tiles({ sweep }: { sweep: Sweep }) {
  const { ended, cap, perHour, leftMs, failureRate } = progressOf(sweep);
  const { stats, spec } = sweep;
  const best = bestOf(sweep);
  // No run is the best by several metrics, or by none.
  const hasBest = spec?.metrics.length === 1;
  return (
    <section className="panel" aria-label="Progress">
      <dl className="tiles">
        <Tile
          name="Runs ended"
          value={formatCount(ended)}
          unit={cap === undefined ? undefined : `of ${formatCount(cap)}`}
          note={cap === undefined ? "without a cap" : formatPercent(Math.min(ended / cap, 1))}
        />
        {hasBest && (
          <Tile
            name={
              best === undefined ? (
                "Best"
              ) : (
                <>
                  Best <bdi>{best.metric}</bdi> <GoalArrow goal={best.goal} />
                </>
              )
            }
            value={best?.value ?? "–"}
            note={best === undefined ? "no finished run yet" : `run ${best.run}`}
          />
        )}
        <Tile
          name="Running now"
          value={formatCount(stats?.runningRuns ?? 0n)}
          note={`${formatCount(stats?.queuedRuns ?? 0n)} queued`}
        />
        <Tile
          name="Failed"
          value={failureRate === undefined ? "–" : formatPercent(failureRate)}
          note={`${formatCount(stats?.failedRuns ?? 0n)} failed, ${formatCount(stats?.lostRuns ?? 0n)} lost`}
        />
        <Tile
          name="Time left"
          value={leftMs === undefined ? "–" : formatDuration(leftMs)}
          note={perHour === undefined ? "no rate yet" : `${rateOf(perHour)} runs per hour`}
        />
      </dl>
      <RunCounts sweep={sweep} />
    </section>
  );
}

function rateOf(perHour: number): string {
  return perHour >= 100
    ? formatCount(Math.round(perHour))
    : formatValue(Number(perHour.toFixed(1)));
}

interface TileProps {
  readonly name: ReactNode;
  readonly value: string;
  readonly unit?: string | undefined;
  readonly note: string;
}

function Tile({ name, value, unit, note }: TileProps) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>
        <span className="figure">
          {value}
          {unit !== undefined && <span className="unit"> {unit}</span>}
        </span>
        <span className="hint">{note}</span>
      </dd>
    </div>
  );
}
