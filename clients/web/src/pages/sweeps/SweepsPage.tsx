import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatAge, formatCount, formatDuration, formatValue } from "../../store/format";
import { rowsOf } from "../../store/sweepList";
import { bestOf, progressOf } from "../../store/sweeps";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { ProgressCell } from "../../ui/ProgressCell";
import { StateBadge } from "../../ui/StateBadge";
import { StreamState } from "../../ui/StreamState";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { SweepFilters } from "./SweepFilters";
import { parseSweepsSearch } from "./search";
import { MOST_SWEEPS, useSweeps } from "./useSweeps";

const route = getRouteApi("/sweeps");

const PAGE_SIZE = 50;

/** The list of sweeps, newest first. */
export function SweepsPage() {
  useTitle("Sweeps");
  const search = route.useSearch();
  const navigate = useNavigate();
  const [shown, setShown] = useState(PAGE_SIZE);
  const { list, status, retry } = useSweeps(search, shown);
  const sweeps = rowsOf(list);
  const error = "error" in status ? status.error : undefined;
  return (
    <>
      <div className="title-row">
        <h1>Sweeps</h1>
        <span className="faint" aria-live="polite">
          {list.isComplete && formatCount(list.total)}
        </span>
        <StreamState status={status} />
      </div>
      <SweepFilters
        search={search}
        onChange={(changed) => {
          setShown(PAGE_SIZE);
          return navigate({ to: "/sweeps", search: parseSweepsSearch({ ...changed }) });
        }}
      />
      {error !== undefined && <ProblemNotice error={error} onRetry={retry} />}
      {!list.isComplete && error === undefined && <p className="faint">Loading …</p>}
      {list.isComplete && sweeps.length === 0 && <NoSweeps isFiltered={isFiltered(search)} />}
      {sweeps.length > 0 && <SweepTable sweeps={sweeps} />}
      {list.total > sweeps.length && (
        <p>
          {shown < MOST_SWEEPS ? (
            <button
              type="button"
              onClick={() => setShown(Math.min(shown + PAGE_SIZE, MOST_SWEEPS))}
            >
              Show more
            </button>
          ) : (
            <>
              These are the newest {formatCount(MOST_SWEEPS)} of {formatCount(list.total)}: filter
              to see others.
            </>
          )}
        </p>
      )}
    </>
  );
}

function isFiltered(search: object): boolean {
  return Object.keys(search).length > 0;
}

function SweepTable({ sweeps }: { sweeps: readonly Sweep[] }) {
  const now = useNow(5_000);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-scroll" aria-label="Sweeps" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Project</th>
            <th scope="col">State</th>
            <th scope="col">Runs</th>
            <th scope="col" className="number">
              Best
            </th>
            <th scope="col" className="number">
              Runs per hour
            </th>
            <th scope="col" className="number">
              Time left
            </th>
            <th scope="col" className="number">
              Created
            </th>
          </tr>
        </thead>
        <tbody>
          {sweeps.map((sweep) => (
            <SweepRow key={sweep.sweepId} sweep={sweep} now={now} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function SweepRow({ sweep, now }: { sweep: Sweep; now: number }) {
  const progress = progressOf(sweep);
  const best = bestOf(sweep);
  return (
    <tr>
      <td className="name">
        <Link to="/sweeps/$sweepId" params={{ sweepId: sweep.sweepId }}>
          {sweep.name || sweep.sweepId}
        </Link>
      </td>
      <td>{sweep.project}</td>
      <td>
        <StateBadge state={sweep.state} />
      </td>
      <td>
        <ProgressCell progress={progress} />
      </td>
      <td className="number" title={best && `${best.metric}, run ${best.run}`}>
        {best?.value}
      </td>
      <td className="number">
        {progress.perHour !== undefined && formatValue(Math.round(progress.perHour * 10) / 10)}
      </td>
      <td className="number">{progress.leftMs !== undefined && formatDuration(progress.leftMs)}</td>
      <td className="number">{formatAge(sweep.createTime, now)}</td>
    </tr>
  );
}

function NoSweeps({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <div className="panel">
        <h2>No sweep matches</h2>
        <Link to="/sweeps" search={{}}>
          Show all sweeps
        </Link>
      </div>
    );
  }
  return (
    <div className="panel">
      <h2>No sweeps yet</h2>
      <p>Create the first one in a terminal, and start an agent:</p>
      <pre>wanllmdb sweep create sweep.yaml{"\n"}wanllmdb agent SWEEP -- python train.py</pre>
    </div>
  );
}
