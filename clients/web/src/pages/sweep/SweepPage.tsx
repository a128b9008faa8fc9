import { Code, ConnectError } from "@connectrpc/connect";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatAge, formatCount, formatDuration, formatValue } from "../../store/format";
import { type Action, bestOf, formatParameter, progressOf } from "../../store/sweeps";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { ProgressCell } from "../../ui/ProgressCell";
import { StateBadge } from "../../ui/StateBadge";
import { StreamState } from "../../ui/StreamState";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { SweepActions } from "./SweepActions";
import { useAction } from "./useAction";
import { useSweep } from "./useSweep";

const route = getRouteApi("/sweeps/$sweepId");

/** One sweep, live. */
export function SweepPage() {
  const { sweepId } = route.useParams();
  const { data: sweep, error, status, isPending, refetch } = useSweep(sweepId);
  useTitle(sweep?.name || sweepId);
  const hasEnded = status.kind === "ended";
  return (
    <>
      <p>
        <Link to="/sweeps">All sweeps</Link>
      </p>
      {sweep === undefined && <h1>{sweepId}</h1>}
      {error !== null && <ProblemNotice error={error} onRetry={() => refetch()} />}
      {hasEnded && !isUnknown(status.error) && <ProblemNotice error={status.error} />}
      {isPending && error === null && <p className="faint">Loading …</p>}
      {sweep !== undefined && (
        <>
          <Head sweep={sweep} onReload={() => refetch()}>
            <StreamState status={status} />
          </Head>
          <Counters sweep={sweep} />
          <Best sweep={sweep} />
        </>
      )}
    </>
  );
}

/** Whether the watch ended because the revision is not known, which reading again mends. */
function isUnknown(error: unknown): boolean {
  return ConnectError.from(error).code === Code.FailedPrecondition;
}

interface HeadProps {
  readonly sweep: Sweep;
  readonly onReload: () => void;
  readonly children: React.ReactNode;
}

function Head({ sweep, onReload, children }: HeadProps) {
  const action = useAction(sweep);
  const [last, setLast] = useState<Action>();
  const act = (wanted: Action) => {
    setLast(wanted);
    action.mutate(wanted);
  };
  const answer = () => {
    action.reset();
    onReload();
  };
  return (
    <>
      <div className="title-row">
        <h1>{sweep.name || sweep.sweepId}</h1>
        <StateBadge state={sweep.state} />
        {children}
        <span className="spacer" />
        <SweepActions sweep={sweep} isBusy={action.isPending} onAction={act} />
      </div>
      {action.isError && last !== undefined && (
        <ProblemNotice error={action.error} onRetry={answer} />
      )}
      {sweep.description !== "" && <p>{sweep.description}</p>}
      {sweep.endMessage !== "" && <p className="faint">It ended: {sweep.endMessage}</p>}
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
