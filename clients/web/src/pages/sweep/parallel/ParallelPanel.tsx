import { useCallback, useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { layoutOf } from "../../../plots/parallelLayout";
import { fileName } from "../../../store/chartTable";
import { formatCount } from "../../../store/format";
import {
  type AxisSetting,
  changeSetting,
  moveSetting,
  showOnly,
} from "../../../store/parallelAxes";
import type { Brush } from "../../../store/parallelBrush";
import { writeAxis } from "../../../store/parallelSearch";
import { ALL_RUNS, isEmptyFilter, withCondition } from "../../../store/runFilter";
import type { RunFilter, RunTable } from "../../../store/runTable";
import { useCurrentSweep } from "../sweepContext";
import { AxisMenu } from "./AxisMenu";
import { BestShare } from "./BestShare";
import { ColorLegend } from "./ColorLegend";
import { FilterChips } from "./FilterChips";
import { ParallelControls } from "./ParallelControls";
import { ParallelPlot } from "./ParallelPlot";
import { ParallelTools } from "./ParallelTools";
import { pictureOf } from "./pictureOf";
import { RunList } from "./RunList";
import { type FilterChange, useLiveFilter } from "./useLiveFilter";
import { useOpenRun } from "./useOpenRun";
import { usePalette } from "./usePalette";
import { useParallel } from "./useParallel";
import { useParallelSearch } from "./useParallelSearch";
import { useRoom } from "./useRoom";

interface Props {
  readonly table: RunTable;
  readonly onMetric: (name: string) => void;
}

/** The parallel coordinates with their controls, and the runs that are lines. */
export function ParallelPanel({ table, onMetric }: Props) {
  const id = useId();
  const { sweepId, name } = useCurrentSweep();
  const openRun = useOpenRun();
  const [search, setSearch] = useParallelSearch();
  const { filter, settled, isMoving, change } = useLiveFilter();
  const shown = useParallel(table, search, filter, settled);
  const { settings, axes, color, mask, matching, lines, best, selected, isSeveral } = shown;
  const palette = usePalette();
  const { room, place } = useRoom();
  const canvas = useRef<HTMLCanvasElement>(null);
  const layout = useMemo(() => layoutOf(axes.length, room), [axes.length, room]);
  const [highlighted, setHighlighted] = useState<number>();
  const [open, setOpen] = useState<{ key: string; title: HTMLElement }>();

  const setSettings = (changed: readonly AxisSetting[]) =>
    setSearch({ axes: changed.map(writeAxis) });
  const brush = (key: string, changed: Brush | undefined, kind: FilterChange) =>
    change(withCondition(filter, key, changed), kind);
  const set = (changed: RunFilter) => change(changed, "done");
  const select = useCallback(
    (number: number) => {
      const kept = search.selected ?? [];
      const others = kept.filter((each) => each !== number);
      setSearch({ selected: others.length < kept.length ? others : [...kept, number] });
    },
    [search.selected, setSearch],
  );
  const draw = () => {
    const raster = canvas.current;
    if (raster === null || color === undefined) return undefined;
    const { conditions } = filter;
    return pictureOf({
      raster,
      table,
      layout,
      axes,
      conditions,
      color,
      best,
      selected,
      matching,
      palette,
    });
  };
  const openIndex = axes.findIndex(({ key }) => key === open?.key);
  const openAxis = axes[openIndex];
  const count = `${formatCount(matching)} of ${formatCount(table.count)} runs`;
  const announced = useDeferredValue(isMoving ? undefined : count);
  return (
    <>
      <section className="panel parallel" aria-labelledby={`${id}-title`}>
        <div className="parallel-head">
          <h2 id={`${id}-title`}>Parallel coordinates</h2>
          <p className="value">{count}</p>
          <p className="visually-hidden" role="status">
            {announced}
          </p>
          {table.count < table.expected && (
            <progress
              value={table.count}
              max={table.expected}
              aria-label={`Loading ${formatCount(table.expected)} runs`}
            />
          )}
        </div>
        <ParallelControls
          table={table}
          shown={axes.map(({ key }) => key)}
          color={color?.key}
          lines={lines}
          isSeveral={isSeveral}
          isChosen={search.axes !== undefined}
          onChange={setSearch}
          onShow={(keys) => setSettings(showOnly(settings, keys))}
          onMetric={(metric) => {
            onMetric(metric);
            setSettings([...settings, { key: `summary:${metric}` }]);
          }}
        >
          {shown.hasBest && (
            <BestShare filter={filter} onStep={(changed) => change(changed, "step")} />
          )}
        </ParallelControls>
        <FilterChips table={table} filter={filter} onChange={set} />
        <ParallelTools
          name={fileName(name || sweepId, "parallel")}
          table={table}
          axes={axes}
          mask={mask}
          matching={matching}
          draw={draw}
        >
          <div className="parallel-scroll" ref={place}>
            {axes.length < 2 ? (
              <div className="chart-empty">
                <p>
                  <strong>Parallel coordinates need two axes.</strong>
                </p>
                <p>Choose them under “Axes”.</p>
              </div>
            ) : room === 0 ? null : (
              <ParallelPlot
                table={table}
                data={shown.data}
                axes={axes}
                layout={layout}
                color={color}
                palette={palette}
                mask={mask}
                matching={matching}
                isMoving={isMoving}
                conditions={filter.conditions}
                best={best}
                selected={selected}
                highlighted={highlighted}
                openKey={open?.key}
                canvas={canvas}
                onHighlight={setHighlighted}
                onOpenRun={(row) => openRun(table.numbers[row] ?? 0)}
                onOpenAxis={(key, title) => setOpen({ key, title })}
                onMoveAxis={(key, to) => setSettings(moveSetting(settings, key, to))}
                onBrush={brush}
              />
            )}
          </div>
          {matching === 0 && !isEmptyFilter(filter) && (
            <div className="no-match">
              <p>No run passes the filter.</p>
              <button type="button" onClick={() => set(ALL_RUNS)}>
                Show all runs
              </button>
            </div>
          )}
          {color !== undefined && axes.length > 1 && (
            <>
              <ColorLegend
                color={color}
                palette={palette}
                hasRest={matching < table.count}
                hasBest={best.length > 0}
                hasKept={selected.length > 0}
              />
              <p className="hint">
                Drag along an axis to brush it, or move its edges by the arrow keys. Drag a name to
                move its axis, press it for scale, direction and exact values.
              </p>
            </>
          )}
        </ParallelTools>
      </section>
      {open !== undefined && openAxis !== undefined && (
        <AxisMenu
          key={open.key}
          axis={openAxis}
          index={openIndex}
          count={axes.length}
          condition={filter.conditions.find(({ key }) => key === open.key)}
          title={open.title}
          onChange={(changed) => setSettings(changeSetting(settings, open.key, changed))}
          onMove={(to) => setSettings(moveSetting(settings, open.key, to))}
          onHide={() => {
            setOpen(undefined);
            setSettings(settings.filter(({ key }) => key !== open.key));
          }}
          onBrush={(changed) => brush(open.key, changed, "done")}
          onClose={() => setOpen(undefined)}
        />
      )}
      {(lines > 0 || selected.length > 0) && (
        <RunList
          title={isSeveral ? "Runs on the Pareto front" : "Best runs"}
          table={table}
          axes={axes}
          best={best}
          selected={selected}
          onSelect={select}
          onHighlight={setHighlighted}
        />
      )}
    </>
  );
}
