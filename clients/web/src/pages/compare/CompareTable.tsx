import { Link } from "@tanstack/react-router";
import { COUNTERS, type ComparedSweep } from "../../store/compareTable";
import { formatCount, formatDuration, formatValue } from "../../store/format";
import { bestOf } from "../../store/sweeps";
import { StateBadge } from "../../ui/StateBadge";
import { Mark } from "./CoursePlot";

interface Props {
  readonly compared: readonly ComparedSweep[];
  readonly ids: readonly string[];
  readonly metric: string;
}

/** What came of each sweep: its best run, its runs by state, its duration and its sampler. */
export function CompareTable({ compared, ids, metric }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-scroll compare-table" aria-label="Results by sweep" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Sweep</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Best {metric}
            </th>
            <th scope="col" className="number">
              Run
            </th>
            <th scope="col" className="number">
              Runs
            </th>
            <th scope="col" className="number">
              Failed or lost
            </th>
            <th scope="col" className="number">
              Duration
            </th>
            <th scope="col">Sampler</th>
            {COUNTERS.map(([name]) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {compared.map((each) => (
            <Row key={each.sweep.sweepId} compared={each} place={ids.indexOf(each.sweep.sweepId)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ compared, place }: { compared: ComparedSweep; place: number }) {
  const { sweep, best, isBest, durationMs } = compared;
  const { sweepId, stats, spec } = sweep;
  return (
    <tr>
      <th scope="row" className="name">
        <Mark place={place} />{" "}
        <Link to="/sweeps/$sweepId" params={{ sweepId }}>
          <bdi>{sweep.name || sweepId}</bdi>
        </Link>
      </th>
      <td>
        <StateBadge state={sweep.state} />
      </td>
      <td className="number">
        {best === undefined ? (
          <OtherBest compared={compared} />
        ) : (
          <>
            {isBest && <span className="note">best </span>}
            <span className={isBest ? "winner" : undefined}>
              {formatValue(Number(best.objective.toPrecision(6)))}
            </span>
          </>
        )}
      </td>
      <td className="number">
        {best !== undefined && (
          <Link
            to="/sweeps/$sweepId/runs"
            params={{ sweepId }}
            search={{ run: Number(best.run) }}
            aria-label={`Run ${best.run} of ${sweep.name || sweepId}`}
          >
            {best.run.toString()}
          </Link>
        )}
      </td>
      <td className="number">{formatCount(stats?.totalRuns ?? 0n)}</td>
      <td className="number">{((stats?.failureRate ?? 0) * 100).toFixed(1)} %</td>
      <td className="number">{durationMs === undefined ? "–" : formatDuration(durationMs)}</td>
      <td>{spec?.sampler?.name ?? "–"}</td>
      {COUNTERS.map(([name, counter]) => (
        <td key={name} className="number">
          {formatCount(stats?.[counter] ?? 0n)}
        </td>
      ))}
    </tr>
  );
}

/** The best of a sweep that is not in the charts, with its own metric. */
function OtherBest({ compared: { sweep } }: { compared: ComparedSweep }) {
  const own = bestOf(sweep);
  if (own === undefined) return "–";
  return (
    <span className="faint">
      {own.value} <bdi>{own.metric}</bdi>
    </span>
  );
}
