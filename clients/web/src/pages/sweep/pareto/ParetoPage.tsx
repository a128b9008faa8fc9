import "../../../ui/charts.css";
import "./pareto.css";
import { Link, useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useState } from "react";
import type { ChartTable } from "../../../store/chartTable";
import { formatCount } from "../../../store/format";
import { brushBounds } from "../../../store/paretoView";
import { withCondition } from "../../../store/runFilter";
import type { RunTable } from "../../../store/runTable";
import { Chart, ChartPanel } from "../../../ui/Chart";
import { NoRuns } from "../charts/NoRuns";
import { RunFilterBar } from "../runs/RunFilterBar";
import { useCurrentSweep } from "../sweepContext";
import { TableProblem } from "../TableProblem";
import { useRunFilter } from "../useRunFilter";
import { useRunTable } from "../useRunTable";
import { Front } from "./Front";
import { Hypervolume } from "./Hypervolume";
import { ParetoControls } from "./ParetoControls";
import { ParetoScatter } from "./ParetoScatter";
import { RunValues } from "./RunValues";
import { ScatterMatrix } from "./ScatterMatrix";
import { Targets } from "./Targets";
import { type ParetoView, usePareto } from "./usePareto";
import { useParetoSearch } from "./useParetoSearch";

/** The runs of a sweep with several metrics, and those that no other run beats in all of them. */
export function ParetoPage() {
  const { sweepId, spec } = useCurrentSweep();
  const { table, problem, status, restart } = useRunTable(sweepId);
  const late = useDeferredValue(table);
  if ((spec?.metrics.length ?? 0) < 2) {
    return (
      <div className="panel">
        <h2>This sweep has one metric or none</h2>
        <p>
          With one metric one run is the best: see the{" "}
          <Link to="/sweeps/$sweepId" params={{ sweepId }}>
            overview
          </Link>
          .
        </p>
      </div>
    );
  }
  return (
    <>
      {problem !== undefined && (
        <TableProblem problem={problem} status={status} onRetry={restart} />
      )}
      {late === undefined ? (
        problem === undefined && <div className="skeleton">Loading the runs …</div>
      ) : (
        <Loaded table={late} />
      )}
      {late !== undefined && late.count > 0 && (
        <>
          <ChartPanel title="Hypervolume">
            <Hypervolume />
          </ChartPanel>
          <p>
            <Link
              from="/sweeps/$sweepId"
              to="/sweeps/$sweepId/analysis"
              search={(search) => search}
            >
              Which parameters matter for each metric
            </Link>
          </p>
        </>
      )}
    </>
  );
}

function Loaded({ table }: { table: RunTable }) {
  const sweep = useCurrentSweep();
  const { filter, setFilter } = useRunFilter();
  const { search, setSearch } = useParetoSearch();
  const [active, setActive] = useState<number>();
  const view = usePareto(sweep, table, filter, search);
  const { metrics, pair } = view;
  if (table.count === 0 && table.expected === 0) {
    return (
      <div className="panel">
        <NoRuns />
      </div>
    );
  }
  return (
    <>
      <RunFilterBar table={table} filter={filter} onChange={setFilter} hasBest={false} />
      <section className="panel chart" aria-labelledby="pareto">
        <h2 id="pareto">Runs by two metrics</h2>
        {pair !== undefined && (
          <>
            <ParetoControls
              metrics={metrics}
              pair={pair}
              columns={table.columns}
              mask={view.mask}
              search={search}
              onChange={setSearch}
            />
            <div className={metrics.length > 2 ? "pareto-views" : undefined}>
              <Scatter table={table} view={view} pair={pair} active={active} onActive={setActive} />
              {metrics.length > 2 && (
                <ScatterMatrix
                  metrics={metrics}
                  pair={pair}
                  plotOf={view.plotOf}
                  onPair={(x, y) => setSearch({ x, y })}
                />
              )}
            </div>
            <Targets table={table} view={view} filter={filter} onChange={setFilter} />
          </>
        )}
      </section>
      <section className="panel chart" aria-labelledby="front">
        <h2 id="front">Pareto front</h2>
        <Front table={table} view={view} active={active} onActive={setActive} />
      </section>
    </>
  );
}

interface ScatterProps {
  readonly table: RunTable;
  readonly view: ParetoView;
  readonly pair: NonNullable<ParetoView["pair"]>;
  readonly active: number | undefined;
  readonly onActive: (row: number | undefined) => void;
}

function Scatter({ table, view, pair: [x, y], active, onActive }: ScatterProps) {
  const { sweepId } = useCurrentSweep();
  const { filter, setFilter } = useRunFilter();
  const { search } = useParetoSearch();
  const navigate = useNavigate();
  const plot = useMemo(() => view.plotOf(x, y), [view.plotOf, x, y]);
  const matching = useMemo(() => view.mask.reduce((sum, mark) => sum + mark, 0), [view.mask]);
  const isBrushed = filter.conditions.some(({ key }) => key === x.key || key === y.key);
  const hasBeaten = view.front.some((row) => !view.unbeaten.has(row));
  const open = (row: number) =>
    navigate({
      to: "/sweeps/$sweepId/runs",
      params: { sweepId },
      search: (before: Record<string, unknown>) => ({ ...before, run: table.numbers[row] ?? 0 }),
    });
  return (
    <div className="pareto-main">
      <p className="pareto-counts" role="status">
        <strong>{formatCount(matching)}</strong> of {formatCount(table.count)} runs,{" "}
        {formatCount(view.front.length)} on the front
        {table.count < table.expected && `; ${formatCount(table.expected)} runs are loading`}
        {isBrushed && (
          <button
            type="button"
            className="link"
            onClick={() =>
              setFilter(withCondition(withCondition(filter, x.key, undefined), y.key, undefined))
            }
          >
            Clear the rectangle
          </button>
        )}
      </p>
      <Chart
        title={`${y.name} by ${x.name}`}
        answer={{ data: plot, error: undefined, isPending: false, retry: () => undefined }}
        table={() => tableOf(table, view)}
      >
        {() => (
          <ParetoScatter
            label={`${formatCount(matching)} runs, ${y.name} by ${x.name}; ${formatCount(view.front.length)} on the front`}
            plot={plot}
            active={active}
            onActive={onActive}
            onOpen={open}
            onBrush={(from, to) =>
              setFilter(
                [
                  [x.key, brushBounds(plot.x, from.left, to.left)] as const,
                  [y.key, brushBounds(plot.y, from.top, to.top)] as const,
                ].reduce((before, [key, bounds]) => withCondition(before, key, bounds), filter),
              )
            }
          >
            {(row) => (
              <RunValues
                sweepId={sweepId}
                table={table}
                metrics={view.metrics}
                color={search.color}
                row={row}
              />
            )}
          </ParetoScatter>
        )}
      </Chart>
      <p className="hint">
        Outlined points are on the front of all {view.metrics.length} metrics
        {hasBeaten && "; hollow ones are beaten by a run that the filter leaves out"}. The line is
        the front of these two.
      </p>
    </div>
  );
}

function tableOf({ numbers }: RunTable, { metrics, mask, front }: ParetoView): ChartTable {
  const onFront = new Set(front);
  const rows = [...mask.keys()].filter((row) => mask[row] === 1);
  return {
    head: ["run", ...metrics.map(({ name }) => name), "on the front"],
    rows: rows.map((row) => [
      numbers[row],
      ...metrics.map(({ values }) => values[row]),
      onFront.has(row) ? "yes" : "no",
    ]),
  };
}
