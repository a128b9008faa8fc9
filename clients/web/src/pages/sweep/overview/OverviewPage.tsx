import { lazy, Suspense } from "react";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatAge, formatCount, formatDuration, formatValue } from "../../../store/format";
import { bestOf, formatParameter, progressOf } from "../../../store/sweeps";
import { ProgressCell } from "../../../ui/ProgressCell";
import { useNow } from "../../../ui/useNow";
import { useCurrentSweep } from "../sweepContext";

// The library of charts is not part of the first load.
const OverviewCharts = lazy(async () => ({
  default: (await import("./OverviewCharts")).OverviewCharts,
}));

/** How far a sweep is, its best run and its charts. */
export function OverviewPage() {
  const sweep = useCurrentSweep();
  return (
    <>
      <Counters sweep={sweep} />
      <Best sweep={sweep} />
      <Suspense fallback={<p className="faint">Loading …</p>}>
        <OverviewCharts />
      </Suspense>
    </>
  );
}

function Counters({ sweep }: { sweep: Sweep }) {
  const now = useNow(5_000);
  const { stats } = sweep;
  const progress = progressOf(sweep);
  const facts: [string, React.ReactNode][] = [
    ["Progress", <ProgressCell key="progress" progress={progress} />],
    ["Queued", formatCount(stats?.queuedRuns ?? 0n)],
    ["Running", formatCount(stats?.runningRuns ?? 0n)],
    ["Finished", formatCount(stats?.finishedRuns ?? 0n)],
    ["Pruned", formatCount(stats?.prunedRuns ?? 0n)],
    ["Failed", formatCount(stats?.failedRuns ?? 0n)],
    ["Lost", formatCount(stats?.lostRuns ?? 0n)],
    ["Canceled", formatCount(stats?.canceledRuns ?? 0n)],
    ["Runs per hour", progress.perHour === undefined ? "–" : formatValue(round(progress.perHour))],
    ["Time left", progress.leftMs === undefined ? "–" : formatDuration(progress.leftMs)],
    ["Created", formatAge(sweep.createTime, now)],
    ["Project", sweep.project],
    ["Sampler", sweep.spec?.sampler?.name ?? "–"],
    ["Id", <code key="id">{sweep.sweepId}</code>],
  ];
  return (
    <section className="panel" aria-labelledby="counters">
      <h2 id="counters">Runs</h2>
      <dl className="counters">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function Best({ sweep }: { sweep: Sweep }) {
  const best = bestOf(sweep);
  if (best === undefined) return null;
  const parameters = Object.entries(sweep.stats?.bestRun?.parameters ?? {});
  parameters.sort(([one], [other]) => one.localeCompare(other));
  return (
    <section className="panel" aria-labelledby="best">
      <h2 id="best">
        Best run: {best.metric} {best.value} in run {best.run.toString()}
      </h2>
      <dl className="counters">
        {parameters.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatParameter(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
