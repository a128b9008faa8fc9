import { useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { paletteOf } from "../../../plots/palette";
import { layoutOf, pathOf } from "../../../plots/parallelLayout";
import { legendTicks } from "../../../plots/parallelLegend";
import { drawPicture } from "../../../plots/parallelPicture";
import { bestRows } from "../../../store/bestRuns";
import { fileName } from "../../../store/chartTable";
import { formatCount } from "../../../store/format";
import {
  type AxisSetting,
  axesOf,
  axisOf,
  changeSetting,
  defaultSettings,
  moveSetting,
  showOnly,
} from "../../../store/parallelAxes";
import { type Brush, keptParts } from "../../../store/parallelBrush";
import { DEFAULT_LINES, LINE_COUNTS, settingsOf, writeAxis } from "../../../store/parallelSearch";
import { headingOf } from "../../../store/runCells";
import { rowOf } from "../../../store/runColumns";
import { ALL_RUNS, isEmptyFilter, matchingRows, withCondition } from "../../../store/runFilter";
import type { RunTable } from "../../../store/runTable";

import { useCurrentSweep } from "../sweepContext";
import { AxisMenu } from "./AxisMenu";
import { AxisPicker } from "./AxisPicker";
import { tickTexts } from "./AxisTicks";
import { BestShare } from "./BestShare";
import { ColourLegend } from "./ColourLegend";
import { FilterChips } from "./FilterChips";
import { ParallelPlot } from "./ParallelPlot";
import { ParallelTools } from "./ParallelTools";
import { RunList } from "./RunList";
import { useLiveFilter } from "./useLiveFilter";
import { useObjectives } from "./useObjectives";
import { useOpenRun } from "./useOpenRun";
import { usePalette } from "./usePalette";
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
  const { filter, isMoving, move, set } = useLiveFilter();
  const { objectives, goal, constants } = useObjectives(table);
  const palette = usePalette();
  const { room, place } = useRoom();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [highlighted, setHighlighted] = useState<number>();
  const [open, setOpen] = useState<{ key: string; title: HTMLElement }>();

  const settings = useMemo(
    () => settingsOf(search) ?? defaultSettings(table, constants),
    [search, table, constants],
  );
  const axes = useMemo(() => axesOf(table, settings), [table, settings]);
  const layout = useMemo(() => layoutOf(axes.length, room), [axes.length, room]);
  const colour = useMemo(() => {
    const chosen = table.columns.find(({ key }) => key === search.colour);
    const column = chosen ?? objectives[0]?.column ?? table.columns[0];
    // Equal shares of the runs get equal shares of the colours, however far the worst run is off.
    return column && axisOf(table, column, { key: column.key, scale: "quantile" });
  }, [table, search.colour, objectives]);
  const mask = useMemo(() => matchingRows(table, filter, goal), [table, filter, goal]);
  const matching = useMemo(() => mask.reduce((sum, one) => sum + one, 0), [mask]);
  const lines = search.lines ?? DEFAULT_LINES;
  const lateMask = useDeferredValue(mask);
  const best = useMemo(() => bestRows(objectives, lateMask, lines), [objectives, lateMask, lines]);
  const selected = useMemo(
    () =>
      (search.selected ?? [])
        .map((number) => rowOf(table.numbers, table.count, number))
        .filter((row) => row >= 0),
    [search.selected, table],
  );
  const shownKeys = [...new Set([...axes.map(({ key }) => key), colour?.key ?? ""])].join("\n");
  const data = useMemo(() => {
    const shown = new Set(shownKeys.split("\n"));
    const columns = table.columns.filter(({ key }) => shown.has(key));
    return {
      count: table.count,
      columns: new Map(columns.map(({ key, values }) => [key, values])),
    };
  }, [table, shownKeys]);

  const setSettings = (changed: readonly AxisSetting[]) =>
    setSearch({ axes: changed.map(writeAxis) });
  const brush = (key: string, changed: Brush | undefined, isDone: boolean) =>
    (isDone ? set : move)(withCondition(filter, key, changed));
  const select = (number: number) => {
    const others = (search.selected ?? []).filter((each) => each !== number);
    const isNew = others.length === (search.selected ?? []).length;
    setSearch({ selected: isNew ? [...others, number] : others });
  };
  const draw = () => {
    if (canvas.current === null || colour === undefined) return undefined;
    const places = axes.map(({ scale, column }) => ({ scale, values: column.values }));
    return drawPicture(
      {
        raster: canvas.current,
        layout,
        axes: axes.map((axis) => {
          const condition = filter.conditions.find(({ key }) => key === axis.key);
          return {
            name: headingOf(axis.column),
            ticks: tickTexts(axis, layout.gap),
            parts: condition === undefined ? [] : keptParts(axis.scale, condition),
          };
        }),
        lines: [
          ...best.map((row) => ({ path: pathOf(row, places, layout, 0), isSelected: false })),
          ...selected.map((row) => ({ path: pathOf(row, places, layout, 0), isSelected: true })),
        ],
        legend: { name: headingOf(colour.column), ticks: legendTicks(colour, 4) },
        caption: `${formatCount(matching)} of ${formatCount(table.count)} runs`,
      },
      paletteOf(canvas.current.parentElement ?? document.body),
      palette,
    );
  };
  const openIndex = axes.findIndex(({ key }) => key === open?.key);
  const openAxis = axes[openIndex];
  const count = `${formatCount(matching)} of ${formatCount(table.count)} runs`;
  const settled = useDeferredValue(isMoving ? undefined : count);
  const isSeveral = objectives.length > 1;
  return (
    <>
      <section className="panel parallel" aria-labelledby={`${id}-title`}>
        <div className="parallel-head">
          <h2 id={`${id}-title`}>Parallel coordinates</h2>
          <p className="value">{count}</p>
          <p className="visually-hidden" role="status">
            {settled}
          </p>
          {table.count < table.expected && (
            <progress
              value={table.count}
              max={table.expected}
              aria-label={`Loading ${formatCount(table.expected)} runs`}
            />
          )}
        </div>
        <div className="filters">
          <div className="field">
            <label htmlFor={`${id}-colour`}>Colour by</label>
            <select
              id={`${id}-colour`}
              value={colour?.key ?? ""}
              onChange={(event) => setSearch({ colour: event.target.value })}
            >
              {table.columns.map((column) => (
                <option key={column.key} value={column.key}>
                  {headingOf(column)}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}-lines`}>
              {isSeveral ? "Lines of the front" : "Lines of the best runs"}
            </label>
            <select
              id={`${id}-lines`}
              value={lines}
              onChange={(event) => {
                const chosen = Number(event.target.value);
                setSearch({ lines: LINE_COUNTS.find((each) => each === chosen) });
              }}
            >
              {LINE_COUNTS.map((each) => (
                <option key={each} value={each}>
                  {each === 0 ? "none" : each}
                </option>
              ))}
            </select>
          </div>
          {goal !== undefined && <BestShare filter={filter} onMove={move} />}
          <AxisPicker
            table={table}
            shown={axes.map(({ key }) => key)}
            onChange={(keys) => setSettings(showOnly(settings, keys))}
            onMetric={(metric) => {
              onMetric(metric);
              setSettings([...settings, { key: `summary:${metric}` }]);
            }}
          />
          {search.axes !== undefined && (
            <button type="button" onClick={() => setSearch({ axes: undefined })}>
              Reset axes
            </button>
          )}
        </div>
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
                data={data}
                axes={axes}
                layout={layout}
                colour={colour}
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
          {colour !== undefined && (
            <ColourLegend colour={colour} palette={palette} hasRest={matching < table.count} />
          )}
          <p className="hint">
            Drag along an axis to brush it, or move its edges by the arrow keys. Drag a name to move
            its axis, press it for scale, direction and exact values.
          </p>
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
          onBrush={(changed) => brush(open.key, changed, true)}
          onClose={() => setOpen(undefined)}
        />
      )}
      {(lines > 0 || selected.length > 0) && (
        <RunList
          title={isSeveral ? "Runs on the Pareto front" : "Best runs"}
          table={table}
          columns={axes.map(({ column }) => column)}
          best={best}
          selected={selected}
          onSelect={select}
          onHighlight={setHighlighted}
        />
      )}
    </>
  );
}
