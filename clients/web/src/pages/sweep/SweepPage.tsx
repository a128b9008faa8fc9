import { Code, ConnectError } from "@connectrpc/connect";
import { getRouteApi, Link, Outlet, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { type Sweep, SweepState } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type Action, actionsOf } from "../../store/sweeps";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { StateBadge } from "../../ui/StateBadge";
import { StreamState } from "../../ui/StreamState";
import { useShortcuts } from "../../ui/shortcuts";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
import { SweepActions } from "./SweepActions";
import { SweepTabs } from "./SweepTabs";
import { SweepContext } from "./sweepContext";
import { TABS } from "./tabs";
import { useAction } from "./useAction";
import { useSweep } from "./useSweep";

const route = getRouteApi("/sweeps/$sweepId");

/** The frame of a sweep's pages: its name, state, actions and tabs, live. */
export function SweepPage() {
  const { sweepId } = route.useParams();
  const { data: sweep, error, status, isPending, refetch } = useSweep(sweepId);
  const tab = useTab(sweepId);
  useTitle([sweep?.name || sweepId, tab].filter(Boolean).join(" · "));
  const hasEnded = status.kind === "ended";
  return (
    <>
      <nav className="trail" aria-label="Where this page is">
        <Link to="/sweeps">Sweeps</Link>
        {sweep !== undefined && (
          <Link to="/sweeps" search={{ project: sweep.project }} dir="auto">
            {sweep.project}
          </Link>
        )}
      </nav>
      {sweep === undefined && <h1>{sweepId}</h1>}
      {error !== null && !isSaidElsewhere(error) && (
        <ProblemNotice error={error} onRetry={() => refetch()} />
      )}
      {hasEnded && !isSaidElsewhere(status.error) && <ProblemNotice error={status.error} />}
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

/** Returns the name of the page of the sweep that is shown. */
function useTab(sweepId: string): string | undefined {
  const pathname = useLocation({ select: (location) => location.pathname });
  return TABS.find(({ to }) => to.replace("$sweepId", sweepId) === pathname)?.label;
}

/** Whether reading again mends the end of the watch, or the frame asks for another key. */
function isSaidElsewhere(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return code === Code.FailedPrecondition || code === Code.Unauthenticated;
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
        <h1 dir="auto">{sweep.name || sweep.sweepId}</h1>
        <StateBadge state={sweep.state} />
        {children}
        <span className="spacer" />
        <SweepActions sweep={sweep} isBusy={action.isPending} onAction={act}>
          <Link className="button" to="/compare" search={{ ids: sweep.sweepId }}>
            Compare
          </Link>
        </SweepActions>
      </div>
      {action.isError && last !== undefined && (
        <ProblemNotice error={action.error} onRetry={answer} />
      )}
      {sweep.endMessage !== "" && (
        <p className={sweep.state === SweepState.FAILED ? "problem" : "faint"}>
          Ended: {sweep.endMessage}
        </p>
      )}
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
