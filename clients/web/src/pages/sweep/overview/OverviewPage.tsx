import { lazy, Suspense } from "react";
import { useCurrentSweep } from "../sweepContext";
import { About } from "./About";
import { BestRun } from "./BestRun";
import { StartAgents } from "./StartAgents";
import { Tiles } from "./Tiles";
import "./overview.css";

// The library of charts is not part of the first load.
const OverviewCharts = lazy(async () => ({
  default: (await import("./OverviewCharts")).OverviewCharts,
}));

/** How far a sweep is, its best run and its charts. */
export function OverviewPage() {
  const sweep = useCurrentSweep();
  const isEmpty = (sweep.stats?.totalRuns ?? 0n) === 0n && sweep.endTime === undefined;
  return (
    <>
      {sweep.description !== "" && (
        <p className="description" dir="auto">
          {sweep.description}
        </p>
      )}
      <Tiles sweep={sweep} />
      <div className="overview-heads">
        <BestRun sweep={sweep} />
        {isEmpty && (
          <section className="panel" aria-labelledby="start">
            <h2 id="start">Start agents</h2>
            <p className="faint">
              Agents ask for runs, train, and report metrics. Start one or many.
            </p>
            <StartAgents sweep={sweep} />
          </section>
        )}
        <About sweep={sweep} />
      </div>
      <Suspense fallback={<p className="faint">Loading …</p>}>
        <OverviewCharts />
      </Suspense>
    </>
  );
}
