import { timestampMs } from "@bufbuild/protobuf/wkt";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { type Run, RunOrigin, RunState } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { useServices } from "../../../rpc/context";
import { newRequestId } from "../../../rpc/requestId";
import { formatValue } from "../../../store/format";
import { formatParameter } from "../../../store/sweeps";
import { formatSeconds, formatTime, zoneName } from "../../../store/times";
import { ActionButton } from "../../../ui/ActionButton";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useWhyNot } from "../../useCaller";
import { useCurrentSweep } from "../sweepContext";
import { EnqueueForm } from "./EnqueueForm";
import { RunStateText } from "./RunStateText";

interface Props {
  readonly sweepId: string;
  readonly number: number;
  /** Changes with the run's row; the details are read again. */
  readonly seen: string;
  readonly onClose: () => void;
}

/** The details of one run, beside the table. */
export function RunDrawer({ sweepId, number, seen, onClose }: Props) {
  const { registry } = useServices();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const query = useQuery({
    queryKey: ["run", sweepId, number, seen],
    queryFn: async ({ signal }) => {
      const request = { sweepId, run: { case: "number" as const, value: BigInt(number) } };
      const { run } = await registry.getRun(request, { signal });
      if (run === undefined) throw new Error("the answer of GetRun has no run");
      return run;
    },
    placeholderData: keepPreviousData,
  });
  const run = query.data;
  return (
    <dialog ref={dialog} className="drawer" aria-labelledby={titleId} onClose={onClose}>
      <div className="title-row">
        <h2 id={titleId}>Run {number}</h2>
        {run !== undefined && <RunStateText state={run.state} />}
        <span className="spacer" />
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
      {query.isPending && <p className="faint">Loading …</p>}
      {run !== undefined && <Details run={run} sweepId={sweepId} number={number} />}
    </dialog>
  );
}

interface DetailsProps {
  readonly run: Run;
  readonly sweepId: string;
  readonly number: number;
}

function Details({ run, sweepId, number }: DetailsProps) {
  const [isEnqueuing, setEnqueuing] = useState(false);
  const parameters = Object.entries(run.parameters);
  const facts: Fact[] = parameters.map(([name, value]) => [name, formatParameter(value)]);
  const metrics: Fact[] = Object.entries(run.summary).map(([name, value]) => [
    name,
    formatValue(value),
  ]);
  const config: Fact[] = Object.entries(run.config).map(([name, value]) => [
    name,
    formatParameter(value),
  ]);
  return (
    <>
      <Actions
        run={run}
        sweepId={sweepId}
        number={number}
        onEnqueue={() => setEnqueuing(!isEnqueuing)}
        isEnqueuing={isEnqueuing}
      />
      {isEnqueuing && <EnqueueForm sweepId={sweepId} run={run} />}
      {run.error !== undefined && (run.error.message || run.error.traceback) && (
        <section>
          <h3>Error</h3>
          <p>{run.error.message}</p>
          {run.error.traceback !== "" && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
            <pre tabIndex={0}>{run.error.traceback}</pre>
          )}
        </section>
      )}
      <Facts title="Parameters" facts={sorted(facts)} empty="None yet." />
      <Facts title="Last values of metrics" facts={sorted(metrics)} empty="None reported yet." />
      <Facts title="Config that the program added" facts={sorted(config)} />
      <Facts title="Labels" facts={sorted(Object.entries(run.labels))} />
      <Facts title={`About the run, times in ${zoneName()}`} facts={about(run)} />
    </>
  );
}

type Fact = [string, ReactNode];

function sorted(facts: Fact[]): Fact[] {
  return facts.sort(([one], [other]) => one.localeCompare(other));
}

function Facts({ title, facts, empty }: { title: string; facts: Fact[]; empty?: string }) {
  if (facts.length === 0 && empty === undefined) return null;
  return (
    <section>
      <h3>{title}</h3>
      {facts.length === 0 && <p className="faint">{empty}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function about(run: Run): Fact[] {
  const facts: [string, ReactNode | undefined][] = [
    ["Name", run.name || undefined],
    ["Agent", run.agentId || undefined],
    ["Attempt", run.attempt],
    ["Chosen by", run.origin === RunOrigin.ENQUEUED ? "a user" : "the sampler"],
    ["Last step", run.lastStep?.toString()],
    ["Created", run.createTime && formatTime(timestampMs(run.createTime))],
    ["Started", run.startTime && formatTime(timestampMs(run.startTime))],
    ["Ended", run.endTime && formatTime(timestampMs(run.endTime))],
    [
      "Duration",
      run.startTime &&
        run.endTime &&
        formatSeconds((timestampMs(run.endTime) - timestampMs(run.startTime)) / 1000),
    ],
    ["Outside id", run.externalRunId || undefined],
  ];
  return facts.flatMap(([name, value]): Fact[] => (value === undefined ? [] : [[name, value]]));
}

const STOPPABLE = new Set([RunState.QUEUED, RunState.RUNNING]);
const RETRYABLE = new Set([RunState.FAILED, RunState.LOST, RunState.CANCELED, RunState.PRUNED]);

interface ActionsProps extends DetailsProps {
  readonly isEnqueuing: boolean;
  readonly onEnqueue: () => void;
}

function Actions({ run, sweepId, number, isEnqueuing, onEnqueue }: ActionsProps) {
  const { registry } = useServices();
  const cache = useQueryClient();
  const refusal = useWhyNot("edit", useCurrentSweep().project);
  const action = useMutation({
    mutationFn: async (wanted: "stop" | "retry") => {
      const request = { sweepId, numbers: [BigInt(number)], requestId: newRequestId() };
      if (wanted === "retry") await registry.retryRuns(request);
      else await registry.cancelRuns({ ...request, reason: "Stopped in the dashboard." });
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ["run", sweepId, number] }),
  });
  const isStopping = run.stopRequested && run.state === RunState.RUNNING;
  // A finished run without an objective can be retried too.
  const isWithoutResult =
    run.state === RunState.FINISHED &&
    run.objective === undefined &&
    run.objectives.length === 0 &&
    run.error !== undefined;
  return (
    <>
      <div className="actions">
        {STOPPABLE.has(run.state) && (
          <ActionButton
            className="danger"
            refusal={refusal}
            isBusy={action.isPending || isStopping}
            onClick={() => action.mutate("stop")}
          >
            {isStopping ? "Its agent stops it …" : "Stop this run"}
          </ActionButton>
        )}
        {(RETRYABLE.has(run.state) || isWithoutResult) && (
          <ActionButton
            refusal={refusal}
            isBusy={action.isPending}
            onClick={() => action.mutate("retry")}
          >
            Retry
          </ActionButton>
        )}
        <ActionButton refusal={refusal} aria-expanded={isEnqueuing} onClick={onEnqueue}>
          Enqueue like this
        </ActionButton>
      </div>
      {action.isError && <ProblemNotice error={action.error} onRetry={() => action.reset()} />}
    </>
  );
}
