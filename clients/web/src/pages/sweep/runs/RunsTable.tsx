import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { conditionName } from "../../../store/filterText";
import { formatCount } from "../../../store/format";
import { matchingRows } from "../../../store/matchingRows";
import { firstColumns, isTime } from "../../../store/runCells";
import type { RunOrder } from "../../../store/runTable";
import { isOnRequest, NUMBER_KEY, type RunTable, STATE_KEY } from "../../../store/runTable";
import { zoneName } from "../../../store/times";
import { useSetSearch } from "../../../ui/useSetSearch";
import { useCurrentSweep } from "../sweepContext";
import { useRunFilter } from "../useRunFilter";
import { Announcement } from "./Announcement";
import { ColumnPicker } from "./ColumnPicker";
import { ExportMenu } from "./ExportMenu";
import { RunDrawer } from "./RunDrawer";
import { RunFilterBar } from "./RunFilterBar";
import { RunGrid } from "./RunGrid";
import { SelectionBar } from "./SelectionBar";
import type { RunsSearch } from "./search";
import { orderOf, sortOf } from "./search";
import { useOrderedNumbers } from "./useOrderedNumbers";
import { useSearched } from "./useSearched";
import { ViewsMenu } from "./ViewsMenu";
import { viewSearch } from "./views";

const route = getRouteApi("/sweeps/$sweepId/runs");
const NO_KEYS: readonly string[] = [];
const NO_WIDTHS: Readonly<Record<string, number>> = {};

interface Props {
  readonly sweepId: string;
  readonly table: RunTable;
  readonly selected: ReadonlySet<number>;
  readonly onSelected: (selected: ReadonlySet<number>) => void;
}

/** The runs that arrived, with what filters, orders, exports and changes them. */
export function RunsTable({ sweepId, table, selected, onSelected: setSelected }: Props) {
  const sweep = useCurrentSweep();
  const search = route.useSearch();
  const setSearch = useSetSearch<RunsSearch>();
  const { filter, setFilter } = useRunFilter();
  const { goal, constants } = useSearched();
  const order = orderOf(search);
  const [isInside, setInside] = useState(false);
  const [shows, setShows] = useState(0);
  const [returns, setReturns] = useState(0);
  const { run, pinned = NO_KEYS, widths = NO_WIDTHS } = search;
  const mask = useMemo(() => matchingRows(table, filter, goal), [table, filter, goal]);
  // What the user chose: with another choice, the order of before means nothing.
  const choice = JSON.stringify([filter, order, shows]);
  // Before the end of the read, the order would be one of the first rows alone.
  const isComplete = table.count >= table.expected;
  const isFrozen = isComplete && (isInside || run !== undefined);
  const { numbers, added } = useOrderedNumbers(table, mask, order, isFrozen ? choice : undefined);
  const keys = search.columns ?? firstColumns(table, constants);
  const columns = keys.flatMap((key) => table.columns.find((column) => column.key === key) ?? []);
  const filtered = new Set(filter.conditions.map(({ key }) => key));
  const hasTimes =
    columns.some(isTime) || table.columns.some((each) => filtered.has(each.key) && isTime(each));
  const select = (changed: Iterable<number>, isSelected: boolean) => {
    const next = new Set(selected);
    for (const number of changed) {
      if (isSelected) next.add(number);
      else next.delete(number);
    }
    setSelected(next);
  };
  const pin = (key: string) => {
    const others = pinned.filter((each) => each !== key);
    const changed = others.length < pinned.length ? others : [...others, key];
    setSearch({ pinned: changed.length > 0 ? changed : undefined });
  };
  const resize = (key: string, width: number | undefined) => {
    const { [key]: _, ...others } = widths;
    setSearch({ widths: width === undefined ? others : { ...others, [key]: width } });
  };
  const hidden = useMemo(
    () => selected.size - numbers.reduce((sum, each) => sum + Number(selected.has(each)), 0),
    [selected, numbers],
  );
  const place = run === undefined ? -1 : numbers.indexOf(run);
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
        {added > 0 && (
          <button type="button" className="new-runs" onClick={() => setShows(shows + 1)}>
            {formatCount(added)} new: show
          </button>
        )}
        {isLost(table, order) && (
          <span className="faint">
            Sorted by number: this sweep has no column{" "}
            <bdi>{conditionName(undefined, order.key)}</bdi>.
          </span>
        )}
        <span className="spacer" />
        {hasTimes && <span className="faint zone">Times in {zoneName()}</span>}
        <ViewsMenu project={sweep.project} sweepId={sweepId} search={viewSearch({ ...search })} />
        <ColumnPicker
          sweepId={sweepId}
          table={table}
          shown={keys}
          pinned={pinned}
          onChange={(shown) => setSearch({ columns: shown.length > 0 ? shown : undefined })}
          onPin={pin}
          onReset={() => setSearch({ columns: undefined, pinned: undefined, widths: undefined })}
        />
        <ExportMenu
          sweepId={sweepId}
          table={table}
          numbers={numbers}
          selected={selected}
          columns={columns}
          filter={filter}
        />
        <Announcement text={announcement(numbers.length, table.count, added)} />
      </div>
      {selected.size > 0 && (
        <SelectionBar
          sweepId={sweepId}
          table={table}
          selected={selected}
          hidden={hidden}
          onClear={() => setSelected(new Set())}
          onCompare={() => setSearch({ compare: [...selected] }, true)}
        />
      )}
      <RunGrid
        table={table}
        numbers={numbers}
        columns={columns}
        pinned={pinned}
        widths={widths}
        order={order}
        onOrder={(changed: RunOrder) => setSearch({ sort: sortOf(changed) })}
        onPin={pin}
        onWidth={resize}
        selected={selected}
        onSelect={select}
        onOpen={(number) => setSearch({ run: number })}
        opened={run}
        returns={returns}
        onInside={setInside}
      />
      <p className="grid-keys faint">
        <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens or sorts, <kbd>x</kbd> selects,{" "}
        <kbd>p</kbd> pins, <kbd>[</kbd> <kbd>]</kbd> resize
      </p>
      {run !== undefined && (
        <RunDrawer
          sweepId={sweepId}
          number={run}
          table={table}
          place={place}
          numbers={numbers}
          onRun={(number) => setSearch({ run: number })}
          onClose={() => {
            setSearch({ run: undefined });
            setReturns(returns + 1);
          }}
        />
      )}
    </>
  );
}

/** Whether the table is sorted by a column that it does not have and will not get. */
function isLost({ columns }: RunTable, { key }: RunOrder): boolean {
  const isFixed = key === NUMBER_KEY || key === STATE_KEY || isOnRequest(key);
  return !isFixed && !columns.some((column) => column.key === key);
}

function announcement(shown: number, all: number, added: number): string {
  const news = added > 0 ? `, ${formatCount(added)} new ones are not shown yet` : "";
  return `${formatCount(shown)} of ${formatCount(all)} runs${news}`;
}

function Counts({ table, shown }: { table: RunTable; shown: number }) {
  const isLoading = table.count < table.expected;
  return (
    <>
      <span className="run-count">
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
