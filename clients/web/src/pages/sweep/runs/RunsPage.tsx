import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { Goal } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { Problem } from "../../../rpc/problems";
import { formatCount } from "../../../store/format";
import { csvOf, firstColumns, isTime } from "../../../store/runCells";
import { rowOf } from "../../../store/runColumns";
import { type Direction, matchingRows } from "../../../store/runFilter";
import type { Column, RunTable } from "../../../store/runTable";
import type { RunOrder } from "../../../store/sortRows";
import { zoneName } from "../../../store/times";
import { useCurrentSweep } from "../sweepContext";
import { useRunFilter } from "../useRunFilter";
import { useRunTable } from "../useRunTable";
import { ColumnPicker } from "./ColumnPicker";
import { RunDrawer } from "./RunDrawer";
import { RunFilterBar } from "./RunFilterBar";
import { RunGrid } from "./RunGrid";
import { orderOf, type RunsSearch, sortOf } from "./search";
import { useOrderedNumbers } from "./useOrderedNumbers";

const route = getRouteApi("/sweeps/$sweepId/runs");
const SUMMARY = "summary:";

/** All runs of a sweep as a table, live. */
export function RunsPage() {
  const { sweepId } = useCurrentSweep();
  const { table, problem, status, addSummary, restart } = useRunTable(sweepId);
  const { columns } = route.useSearch();
  // Metrics in the address are read on request.
  useEffect(() => {
    for (const key of columns ?? []) {
      if (key.startsWith(SUMMARY)) addSummary(key.slice(SUMMARY.length));
    }
  });
  const late = useDeferredValue(table);
  return (
    <>
      {problem !== undefined && (
        <LostTable problem={problem} isTryingAgain={status.kind !== "ended"} onRetry={restart} />
      )}
      {late === undefined && problem === undefined && <p className="faint">Loading …</p>}
      {late !== undefined && (late.expected > 0 || late.count > 0) && (
        <LoadedRuns sweepId={sweepId} table={late} />
      )}
      {late !== undefined && late.expected === 0 && late.count === 0 && (
        <NoRuns sweepId={sweepId} />
      )}
    </>
  );
}

interface LostTableProps {
  readonly problem: Problem;
  readonly isTryingAgain: boolean;
  readonly onRetry: () => void;
}

function LostTable({ problem, isTryingAgain, onRetry }: LostTableProps) {
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{problem.title}</strong>
      </p>
      <p>
        {problem.text} {isTryingAgain && "The table is not current; trying again …"}
      </p>
      {!isTryingAgain && (
        <div className="actions">
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

function NoRuns({ sweepId }: { sweepId: string }) {
  return (
    <div className="panel">
      <h2>No runs yet</h2>
      <p>Runs appear here as soon as an agent works on this sweep:</p>
      <pre>wanllmdb agent {sweepId} -- python train.py</pre>
    </div>
  );
}

function LoadedRuns({ sweepId, table }: { sweepId: string; table: RunTable }) {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const { filter, setFilter } = useRunFilter();
  const { goal, constants } = useSpec();
  const order = orderOf(search);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [isInside, setInside] = useState(false);
  const [shows, setShows] = useState(0);
  const mask = useMemo(() => matchingRows(table, filter, goal), [table, filter, goal]);
  // What the user chose: with another choice, the order of before means nothing.
  const choice = JSON.stringify([filter, order, shows]);
  const { numbers, added } = useOrderedNumbers(table, mask, order, isInside ? choice : undefined);
  const keys = search.columns ?? firstColumns(table, constants);
  const columns = keys.flatMap((key) => table.columns.find((column) => column.key === key) ?? []);
  const { run } = search;
  const select = (number: number) => {
    const next = new Set(selected);
    if (!next.delete(number)) next.add(number);
    setSelected(next);
  };
  return (
    <>
      <RunFilterBar
        table={table}
        filter={filter}
        onChange={setFilter}
        hasBest={goal !== undefined}
      />
      <div className="toolbar">
        <Counts table={table} shown={numbers.length} />
        {selected.size > 0 && (
          <>
            <span>{formatCount(selected.size)} selected</span>
            <button type="button" onClick={() => setSelected(new Set())}>
              Clear
            </button>
          </>
        )}
        {added > 0 && (
          <button type="button" onClick={() => setShows(shows + 1)}>
            {formatCount(added)} new
          </button>
        )}
        <span className="spacer" />
        {columns.some(isTime) && <span className="faint">Times in {zoneName()}</span>}
        <ColumnPicker
          table={table}
          shown={keys}
          onChange={(shown) => setSearch({ columns: shown })}
          onMetric={(name) => {
            const key = `${SUMMARY}${name}`;
            if (!keys.includes(key)) setSearch({ columns: [...keys, key] });
          }}
        />
        <button type="button" onClick={() => downloadCsv(sweepId, table, numbers, columns)}>
          CSV
        </button>
      </div>
      <RunGrid
        table={table}
        numbers={numbers}
        columns={columns}
        order={order}
        onOrder={(changed: RunOrder) => setSearch({ sort: sortOf(changed) })}
        selected={selected}
        onSelect={select}
        onOpen={(number) => setSearch({ run: number })}
        onPointer={setInside}
      />
      <p className="faint">
        In the table: <kbd>j</kbd> and <kbd>k</kbd> move, <kbd>x</kbd> selects, <kbd>Enter</kbd>{" "}
        opens.
      </p>
      {run !== undefined && (
        <RunDrawer
          key={run}
          sweepId={sweepId}
          number={run}
          seen={seenOf(table, run)}
          onClose={() => setSearch({ run: undefined })}
        />
      )}
    </>
  );
}

/** Returns a function that changes some of the table's settings in the address. */
function useSetSearch() {
  const navigate = useNavigate();
  return (changed: { [Name in keyof RunsSearch]: RunsSearch[Name] | undefined }) => {
    void navigate({
      to: ".",
      search: (search: Record<string, unknown>) => ({ ...search, ...changed }),
      replace: true,
      resetScroll: false,
    });
  };
}

/** Returns the goal if there is one objective, and the names of parameters that never vary. */
function useSpec(): { goal: Direction | undefined; constants: ReadonlySet<string> } {
  const { spec } = useCurrentSweep();
  return useMemo(() => {
    const [metric, ...others] = spec?.metrics ?? [];
    const isOne = metric !== undefined && others.length === 0;
    const direction = metric?.goal === Goal.MAXIMIZE ? "maximize" : "minimize";
    const parameters = spec?.searchSpace?.parameters ?? [];
    const fixed = parameters.filter(({ distribution }) => distribution.case === "constant");
    return {
      goal: isOne ? direction : undefined,
      constants: new Set(fixed.map(({ name }) => name)),
    };
  }, [spec]);
}

function Counts({ table, shown }: { table: RunTable; shown: number }) {
  const isLoading = table.count < table.expected;
  return (
    <>
      <span>
        <strong>{formatCount(shown)}</strong> of {formatCount(table.count)} runs
      </span>
      {isLoading && (
        <progress
          value={table.count}
          max={table.expected}
          aria-label={`Loading ${formatCount(table.expected)} runs`}
        />
      )}
    </>
  );
}

/** Returns a text that changes when the run's row shows that the run changed. */
function seenOf(table: RunTable, number: number): string {
  const row = rowOf(table.numbers, table.count, number);
  const values = table.columns
    .filter(({ kind }) => kind === "field" || kind === "objective")
    .map(({ values: all }) => all[row]);
  return [table.states[row], ...values].join();
}

function downloadCsv(
  sweepId: string,
  table: RunTable,
  numbers: Int32Array,
  columns: readonly Column[],
): void {
  const rows = Array.from(numbers, (number) => rowOf(table.numbers, table.count, number));
  const content = new Blob([csvOf(table, rows, columns)], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `${sweepId}-runs.csv`;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
