import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Link } from "@tanstack/react-router";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  formatAge,
  formatCount,
  formatDuration,
  formatPercent,
  formatValue,
} from "../../store/format";
import { methodOf, progressOf } from "../../store/sweeps";
import { useTableNow } from "../../ui/now";
import { ProgressCell } from "../../ui/ProgressCell";
import { StateBadge } from "../../ui/StateBadge";
import { BestCell } from "./BestCell";

interface Props {
  readonly sweep: Sweep;
  readonly isSelected: boolean;
  readonly onSelect: (sweepId: string, isSelected: boolean) => void;
}

/** A sweep of the list. */
export function SweepRow({ sweep, isSelected, onSelect }: Props) {
  const { sweepId } = sweep;
  const name = sweep.name || sweepId;
  const progress = progressOf(sweep);
  const { sampler, stopping } = methodOf(sweep);
  const { perHour, leftMs, failureRate } = progress;
  return (
    <tr aria-selected={isSelected}>
      <td className="select">
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={(event) => onSelect(sweepId, event.target.checked)}
        />
      </td>
      <td className="name">
        <Link to="/sweeps/$sweepId" params={{ sweepId }} dir="auto" title={name}>
          {name}
        </Link>
        <div className="project" title={`Project ${sweep.project}`}>
          {sweep.project}
        </div>
      </td>
      <td className="badge">
        <StateBadge state={sweep.state} />
      </td>
      <td data-label="Method">
        <span className="two-lines">
          {sampler}
          {stopping !== "" && <span className="faint">{stopping}</span>}
        </span>
      </td>
      <td data-label="Runs">
        <ProgressCell progress={progress} />
      </td>
      <td className="number" data-label="Best">
        <BestCell sweep={sweep} />
      </td>
      <td className="number" data-label="Failed">
        {failureRate !== undefined && formatPercent(failureRate)}
      </td>
      <td className="number" data-label="Runs/h">
        {perHour !== undefined && rateText(perHour)}
      </td>
      <td className="number" data-label="Time left">
        {leftMs !== undefined && formatDuration(leftMs)}
      </td>
      <td className="number" data-label="Changed">
        <Age time={sweep.updateTime} />
      </td>
      <td className="number" data-label="Age">
        <Age time={sweep.createTime} isShort />
      </td>
    </tr>
  );
}

function Age({ time, isShort }: { time: Timestamp | undefined; isShort?: boolean }) {
  const text = formatAge(time, useTableNow());
  return isShort ? text.replace(/ ago$/, "") : text;
}

function rateText(perHour: number): string {
  return perHour >= 100
    ? formatCount(Math.round(perHour))
    : formatValue(Number(perHour.toFixed(1)));
}
