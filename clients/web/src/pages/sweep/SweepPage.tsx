import { Code, ConnectError } from "@connectrpc/connect";
import { getRouteApi, Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type Action, actionsOf } from "../../store/sweeps";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { StateBadge } from "../../ui/StateBadge";
import { StreamState } from "../../ui/StreamState";
import { useShortcuts } from "../../ui/shortcuts";
import { useSignIn } from "../../ui/useSignIn";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
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
  useSignIn(hasEnded ? status.error : error);
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
  usePauseKey(sweep, action.isPending ? undefined : act);
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

/** Lets the user pause or resume the sweep by a key, if its state and the user's key allow it. */
function usePauseKey({ state, project }: Sweep, act: ((action: Action) => void) | undefined) {
  const refusal = useWhyNot("edit", project);
  const wanted = actionsOf(state).find((action) => action === "pause" || action === "resume");
  const isAllowed = wanted !== undefined && refusal === undefined;
  useShortcuts(
    isAllowed
      ? [{ keys: "p", label: `${LABELS[wanted]} this sweep`, run: () => act?.(wanted) }]
      : [],
  );
}

const LABELS = { pause: "Pause", resume: "Resume" } as const;
