import { useDeferredValue, useMemo } from "react";
import { quantileScale } from "../../../plots/scales";
import { bestRows } from "../../../store/bestRuns";
import { matchingRows } from "../../../store/matchingRows";
import { axesOf, axisOf, defaultSettings } from "../../../store/parallelAxes";
import { DEFAULT_LINES, type ParallelSearch, settingsOf } from "../../../store/parallelSearch";
import { rowOf } from "../../../store/runColumns";
import type { RunFilter, RunTable } from "../../../store/runTable";
import { useObjectives } from "./useObjectives";

/** Returns what the plot shows of a table with a filter and the settings of the address. */
export function useParallel(
  table: RunTable,
  {
    axes: chosenAxes,
    color: chosenColor,
    selected: chosenRuns,
    lines = DEFAULT_LINES,
  }: ParallelSearch,
  filter: RunFilter,
  settled: RunFilter,
) {
  const { objectives, goal, constants } = useObjectives(table);
  const settings = useMemo(
    () => settingsOf(chosenAxes) ?? defaultSettings(table, constants),
    [chosenAxes, table, constants],
  );
  const axes = useMemo(() => axesOf(table, settings), [table, settings]);
  const color = useMemo(() => {
    const chosen = table.columns.find(({ key }) => key === chosenColor);
    const column = chosen ?? objectives[0]?.column ?? table.columns[0];
    if (column === undefined) return undefined;
    const axis = axisOf(table, column, { key: column.key });
    if (column.scale === "category") return axis;
    // Equal shares of the runs that pass get equal shares of the colors; not while a brush is
    // dragged, because colors that change with each step say nothing.
    return { ...axis, scale: quantileScale(column, matchingRows(table, settled, goal)) };
  }, [table, chosenColor, objectives, settled, goal]);
  const mask = useMemo(() => matchingRows(table, filter, goal), [table, filter, goal]);
  const matching = useMemo(() => countOf(mask), [mask]);
  const lateMask = useDeferredValue(mask);
  const best = useMemo(() => bestRows(objectives, lateMask, lines), [objectives, lateMask, lines]);
  const selected = useMemo(
    () =>
      (chosenRuns ?? [])
        .map((number) => rowOf(table.numbers, table.count, number))
        .filter((row) => row >= 0),
    [chosenRuns, table],
  );
  const shownKeys = [...new Set([...axes.map(({ key }) => key), color?.key ?? ""])]
    .sort()
    .join("\n");
  const data = useMemo(() => {
    const shown = new Set(shownKeys.split("\n"));
    const columns = table.columns.filter(({ key }) => shown.has(key));
    return {
      count: table.count,
      columns: new Map(columns.map(({ key, values }) => [key, values])),
    };
  }, [table, shownKeys]);

  return {
    settings,
    axes,
    color,
    mask,
    matching,
    lines,
    best,
    selected,
    data,
    /** Whether there is one objective, by which the best runs are known. */
    hasBest: goal !== undefined,
    isSeveral: objectives.length > 1,
  };
}

function countOf(mask: Uint8Array): number {
  let count = 0;
  for (const one of mask) count += one;
  return count;
}
