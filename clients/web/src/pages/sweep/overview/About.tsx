import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Goal, type Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatAge, formatCount, formatDuration } from "../../../store/format";
import { methodOf } from "../../../store/sweeps";
import { formatTime, zoneName } from "../../../store/times";
import { CopyButton } from "../../../ui/CopyButton";
import { GoalArrow } from "../../../ui/GoalArrow";
import { useNow } from "../../../ui/useNow";

/** What the sweep is: its project, metrics, method and times. */
export function About({ sweep }: { sweep: Sweep }) {
  const now = useNow(5_000);
  const { sweepId, project, spec, createTime, startTime, endTime, priorRunCount } = sweep;
  const { sampler, stopping } = methodOf(sweep);
  const terminator = spec?.terminator?.name;
  const duration = durationOf(startTime, endTime, now);
  const facts: [string, ReactNode][] = [
    [
      "Project",
      <Link key="project" to="/sweeps" search={{ project }} dir="auto">
        {project}
      </Link>,
    ],
    [
      "Metrics",
      spec === undefined || spec.metrics.length === 0
        ? "none"
        : spec.metrics.map(({ name, goal }) => (
            <div key={name}>
              <bdi>{name}</bdi>{" "}
              <GoalArrow goal={goal === Goal.MAXIMIZE ? "maximize" : "minimize"} />
            </div>
          )),
    ],
    ["Sampler", sampler || "–"],
    ["Early stopping", stopping || "none"],
    ...(terminator === undefined ? [] : [["Ends itself by", terminator] as [string, ReactNode]]),
    ...(priorRunCount > 0n
      ? [["Prior runs", formatCount(priorRunCount)] as [string, ReactNode]]
      : []),
    ["Created", <Time key="created" time={createTime} now={now} />],
    ["Started", <Time key="started" time={startTime} now={now} />],
    ...(endTime === undefined
      ? []
      : [["Ended", <Time key="ended" time={endTime} now={now} />] as [string, ReactNode]]),
    ...(duration === undefined ? [] : [["Duration", duration] as [string, ReactNode]]),
    [
      "Id",
      <span key="id" className="with-copy">
        <code>{sweepId}</code> <CopyButton text={() => sweepId}>Copy</CopyButton>
      </span>,
    ],
  ];
  return (
    <section className="panel" aria-labelledby="about">
      <h2 id="about">About</h2>
      <dl className="about">
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

function Time({ time, now }: { time: Timestamp | undefined; now: number }) {
  if (time === undefined) return "not yet";
  const milliseconds = timestampMs(time);
  return (
    <time
      dateTime={new Date(milliseconds).toISOString()}
      title={`${formatTime(milliseconds)}, ${zoneName()}`}
    >
      {formatAge(time, now)}
    </time>
  );
}

function durationOf(
  start: Timestamp | undefined,
  end: Timestamp | undefined,
  now: number,
): string | undefined {
  if (start === undefined) return undefined;
  return formatDuration((end === undefined ? now : timestampMs(end)) - timestampMs(start));
}
