import { Code, ConnectError } from "@connectrpc/connect";
import { getRouteApi, Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { Action } from "../../store/sweeps";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { StateBadge } from "../../ui/StateBadge";
import { StreamState } from "../../ui/StreamState";
import { useTitle } from "../../ui/useTitle";
import { SweepActions } from "./SweepActions";
import { SweepTabs } from "./SweepTabs";
import { SweepContext } from "./sweepContext";
import { useAction } from "./useAction";
import { useSweep } from "./useSweep";

const route = getRouteApi("/sweeps/$sweepId");

/** The frame of a sweep's pages: its name, state, actions and tabs, live. */
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
          <SweepTabs sweepId={sweepId} metrics={sweep.spec?.metrics.length ?? 0} />
          <SweepContext value={sweep}>
            <Outlet />
          </SweepContext>
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
