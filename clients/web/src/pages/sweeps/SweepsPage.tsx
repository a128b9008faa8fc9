import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useRef, useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount } from "../../store/format";
import { rowsOf } from "../../store/sweepList";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { StreamState } from "../../ui/StreamState";
import { useTitle } from "../../ui/useTitle";
import { SweepFilters } from "./SweepFilters";
import { SweepTable } from "./SweepTable";
import { isFiltered, parseSweepsSearch, type SweepsSearch } from "./search";
import { useRowKeys } from "./useRowKeys";
import { MOST_SWEEPS, useSweeps } from "./useSweeps";

const route = getRouteApi("/sweeps");

// Nothing is selected at first.
const BulkBar = lazy(async () => ({ default: (await import("./BulkBar")).BulkBar }));

const NoSweeps = lazy(async () => ({ default: (await import("./NoSweeps")).NoSweeps }));

const PAGE_SIZE = 50;

/** The list of sweeps, live. */
export function SweepsPage() {
  useTitle("Sweeps");
  const search = route.useSearch();
  const navigate = useNavigate();
  const [shown, setShown] = useState(PAGE_SIZE);
  const { list, status, retry } = useSweeps(search, shown);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const table = useRef<HTMLDivElement>(null);
  useRowKeys(table);
  const sweeps = rowsOf(list);
  const failure = "error" in status ? status.error : undefined;
  // The frame of the page asks for another key.
  const isSignedOut = ConnectError.from(failure).code === Code.Unauthenticated;
  const error = isSignedOut ? undefined : failure;
  const change = (changed: SweepsSearch) => {
    setShown(PAGE_SIZE);
    // A search changes with each key, and Back leads to the page before.
    return navigate({ to: "/sweeps", search: parseSweepsSearch({ ...changed }), replace: true });
  };
  return (
    <>
      <div className="title-row">
        <h1>Sweeps</h1>
        <span className="faint" aria-live="polite">
          {list.isComplete && formatCount(list.total)}
        </span>
        <StreamState status={status} />
        <span className="spacer" />
        <Link to="/sweeps/new" className="button primary">
          New sweep
        </Link>
      </div>
      <SweepFilters search={search} onChange={change} />
      {/* While a list is shown, the state of the stream says that it is lost, and nothing jumps. */}
      {error !== undefined && (status.kind === "ended" || !list.isComplete) && (
        <ProblemNotice error={error} onRetry={retry} />
      )}
      {!list.isComplete && failure === undefined && <p className="faint">Loading …</p>}
      {list.isComplete && sweeps.length === 0 && (
        <Suspense fallback={<p className="faint">Loading …</p>}>
          <NoSweeps isFiltered={isFiltered(search) || search.before !== undefined} />
        </Suspense>
      )}
      {sweeps.length > 0 && (
        <div ref={table}>
          <SweepTable
            sweeps={sweeps}
            order={search.order ?? "newest"}
            onOrder={(order) => {
              const { before: _before, ...kept } = search;
              return change({ ...kept, order });
            }}
            selected={selected}
            onSelect={setSelected}
          />
        </div>
      )}
      <More search={search} sweeps={sweeps} total={list.total} shown={shown} onShown={setShown} />
      <Suspense fallback={null}>
        <BulkBar
          selected={sweeps.filter(({ sweepId }) => selected.has(sweepId))}
          onClear={() => setSelected(new Set())}
        />
      </Suspense>
    </>
  );
}

interface MoreProps {
  readonly search: SweepsSearch;
  readonly sweeps: readonly Sweep[];
  readonly total: number;
  readonly shown: number;
  readonly onShown: (shown: number) => void;
}

/** Leads to the sweeps that are not shown: more on this page, then pages of older ones. */
function More({ search, sweeps, total, shown, onShown }: MoreProps) {
  const last = sweeps.at(-1)?.createTime;
  const isByAge = search.order === undefined;
  return (
    <div className="actions more">
      {search.before !== undefined && (
        <Link to="/sweeps" search={{ ...search, before: undefined }} className="button">
          Newest sweeps
        </Link>
      )}
      {total > sweeps.length && shown < MOST_SWEEPS && (
        <button type="button" onClick={() => onShown(Math.min(shown * 2, MOST_SWEEPS))}>
          Show more
        </button>
      )}
      {total > sweeps.length && isByAge && last !== undefined && (
        // The last one comes again, because others may have been created in its millisecond.
        <Link
          to="/sweeps"
          search={{ ...search, before: Math.floor(timestampMs(last)) + 1 }}
          className="button"
        >
          Older sweeps
        </Link>
      )}
      {total > sweeps.length && sweeps.length > 0 && (
        <span className="faint">
          {formatCount(sweeps.length)} of {formatCount(total)}
          {!isByAge && shown >= MOST_SWEEPS && ": filter, or sort by age, to see others"}
        </span>
      )}
    </div>
  );
}
