import { timestampMs } from "@bufbuild/protobuf/wkt";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { type Run, RunOrigin } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { objectivesOf } from "../../../store/compareRuns";
import { formatCount, formatValue } from "../../../store/format";
import { formatParameter } from "../../../store/sweeps";
import { formatSeconds, formatTime, zoneName } from "../../../store/times";
import { useCurrentSweep } from "../sweepContext";
import { EnqueueForm } from "./EnqueueForm";
import { RunActions } from "./RunActions";
import { RunLabels } from "./RunLabels";

const RunCurve = lazy(async () => ({ default: (await import("./RunCurve")).RunCurve }));

interface Props {
  readonly run: Run;
  readonly sweepId: string;
  readonly number: number;
}

/** What is known about a run, and what can be done with it. */
export function RunDetails({ run, sweepId, number }: Props) {
  const { spec } = useCurrentSweep();
  const objectives = (spec?.metrics ?? []).map(({ name }) => name);
  const [isEnqueuing, setEnqueuing] = useState(false);
  const metrics = Object.keys(run.summary).sort((one, other) => one.localeCompare(other));
  return (
    <>
      <RunActions
        run={run}
        sweepId={sweepId}
        number={number}
        onEnqueue={() => setEnqueuing(!isEnqueuing)}
        isEnqueuing={isEnqueuing}
      />
      {isEnqueuing && <EnqueueForm sweepId={sweepId} run={run} />}
      {run.error !== undefined && (run.error.message || run.error.traceback) && (
        <section className="run-error">
          <h3>Error</h3>
          <p>{run.error.message}</p>
          {run.error.traceback !== "" && (
            <>
              <h4>Traceback</h4>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
              <pre tabIndex={0}>{run.error.traceback}</pre>
            </>
          )}
        </section>
      )}
      <Facts
        title="Parameters"
        facts={Object.entries(run.parameters).map(([name, value]) => [
          name,
          formatParameter(value),
        ])}
        empty="None yet."
      />
      <Facts
        title={objectives.length === 1 ? "Objective" : "Objectives"}
        facts={objectivesOf(run, objectives).map(([name, value]) => [name, formatValue(value)])}
        isSorted={false}
      />
      <Facts
        title="Last values of metrics"
        facts={Object.entries(run.summary).map(([name, value]) => [name, formatValue(value)])}
        empty="None reported yet."
      />
      {metrics.length > 0 && (
        <Suspense fallback={<div className="skeleton" />}>
          <RunCurve sweepId={sweepId} run={run} number={number} metrics={metrics} />
        </Suspense>
      )}
      <Facts
        title="Config that the program added"
        facts={Object.entries(run.config).map(([name, value]) => [name, formatParameter(value)])}
      />
      <RunLabels run={run} sweepId={sweepId} number={number} />
      <Facts title={`About the run, times in ${zoneName()}`} facts={about(run)} isSorted={false} />
    </>
  );
}

type Fact = readonly [string, ReactNode];

interface FactsProps {
  readonly title: string;
  readonly facts: readonly Fact[];
  /** What to say if there are none; the heading is left out without it. */
  readonly empty?: string;
  readonly isSorted?: boolean;
}

function Facts({ title, facts, empty, isSorted = true }: FactsProps) {
  if (facts.length === 0 && empty === undefined) return null;
  const shown = isSorted ? [...facts].sort(([one], [other]) => one.localeCompare(other)) : facts;
  return (
    <section>
      <h3>{title}</h3>
      {facts.length === 0 && <p className="faint">{empty}</p>}
      <dl className="facts">
        {shown.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>
              <bdi>{name}</bdi>
            </dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function about(run: Run): Fact[] {
  const { startTime, endTime } = run;
  const duration =
    startTime && endTime && formatSeconds((timestampMs(endTime) - timestampMs(startTime)) / 1000);
  const facts: [string, ReactNode | undefined][] = [
    ["Agent", run.agentId || undefined],
    ["Attempts", run.attempt],
    ["Chosen by", run.origin === RunOrigin.ENQUEUED ? "a user" : "the sampler"],
    ["Last step", run.lastStep === undefined ? undefined : formatCount(run.lastStep)],
    ["Created", run.createTime && formatTime(timestampMs(run.createTime))],
    ["Started", startTime && formatTime(timestampMs(startTime))],
    ["Ended", endTime && formatTime(timestampMs(endTime))],
    ["Duration", duration],
    ["Lease runs out", run.leaseExpireTime && formatTime(timestampMs(run.leaseExpireTime))],
    ["Outside id", run.externalRunId || undefined],
  ];
  return facts.flatMap(([name, value]): Fact[] => (value === undefined ? [] : [[name, value]]));
}
