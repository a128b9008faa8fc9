import { useMemo } from "react";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type ParetoPlot, placesOf } from "../../../plots/paretoPlot";
import { matchingRows } from "../../../store/matchingRows";
import { frontRows, stepsOf } from "../../../store/paretoFront";
import type { ParetoSearch } from "../../../store/paretoSearch";
import { pairOf } from "../../../store/paretoSearch";
import {
  finishedRows,
  mayBeLog,
  type ParetoMetric,
  paretoAxis,
  paretoMetrics,
} from "../../../store/paretoView";
import { pointColors } from "../../../store/pointColors";
import { headingOf } from "../../../store/runCells";
import { isEmptyFilter } from "../../../store/runFilter";
import type { RunFilter, RunTable } from "../../../store/runTable";

export interface ParetoView {
  readonly metrics: readonly ParetoMetric[];
  /** 1 for each row that matches the filter. */
  readonly mask: Uint8Array;
  /** The rows on the front of the runs that match, by number. */
  readonly front: Uint32Array;
  /** Whether almost every run is on the front, so that it takes too long to find. */
  readonly isTooLarge: boolean;
  /** The rows on the front of all runs of the sweep. */
  readonly sweepFront: Uint32Array;
  readonly unbeaten: ReadonlySet<number>;
  /** The metrics of the two axes. */
  readonly pair: readonly [x: ParetoMetric, y: ParetoMetric] | undefined;
  /** What a chart of two metrics shows. */
  readonly plotOf: (x: ParetoMetric, y: ParetoMetric) => ParetoPlot;
}

/** Computes what the Pareto page shows, from the runs, the filter and the page's settings. */
export function usePareto(
  sweep: Sweep,
  table: RunTable,
  filter: RunFilter,
  search: ParetoSearch,
): ParetoView {
  const { color, log, fit } = search;
  const specs = sweep.spec?.metrics;
  const metrics = useMemo(() => paretoMetrics(specs ?? [], table), [specs, table]);
  const mask = useMemo(() => matchingRows(table, filter, undefined), [table, filter]);
  const candidates = useMemo(() => finishedRows(table, mask), [table, mask]);
  const foundInSweep = useMemo(() => frontRows(metrics, finishedRows(table)), [metrics, table]);
  const found = useMemo(
    () => (isEmptyFilter(filter) ? foundInSweep : frontRows(metrics, candidates)),
    [metrics, candidates, filter, foundInSweep],
  );
  const front = found ?? NO_ROWS;
  const sweepFront = foundInSweep ?? NO_ROWS;
  const unbeaten = useMemo(() => new Set(sweepFront), [sweepFront]);
  const column = table.columns.find(({ key }) => key === color);
  const colors = useMemo(() => column && pointColors(column, mask), [column, mask]);
  const axes = useMemo(() => {
    const shown = fit === true ? mask : new Uint8Array(table.count).fill(1);
    return new Map(
      metrics.map((metric) => {
        const isLog = log?.includes(metric.name) === true && mayBeLog(metric, shown);
        const axis = paretoAxis(metric, shown, isLog);
        return [metric.name, { axis, places: placesOf(axis, metric.values, table.count) }];
      }),
    );
  }, [metrics, table, mask, fit, log]);

  const plotOf = useMemo(() => {
    const none = { axis: paretoAxis({ name: "", values: EMPTY }, NONE, false), places: NO_PLACES };
    return (x: ParetoMetric, y: ParetoMetric): ParetoPlot => {
      const [ofX, ofY] = [axes.get(x.name) ?? none, axes.get(y.name) ?? none];
      return {
        x: ofX.axis,
        y: ofY.axis,
        goals: { x: x.goal, y: y.goal },
        lefts: ofX.places,
        tops: ofY.places,
        mask,
        front,
        unbeaten,
        steps: stepsOf(x, y, frontRows([x, y], candidates) ?? NO_ROWS),
        targets: { x: x.target, y: y.target },
        ...(colors === undefined || column === undefined
          ? {}
          : { colors, colorName: headingOf(column) }),
      };
    };
  }, [axes, mask, front, unbeaten, candidates, colors, column]);

  const [nameX, nameY] =
    pairOf(
      search,
      metrics.map(({ name }) => name),
    ) ?? [];
  const x = metrics.find(({ name }) => name === nameX);
  const y = metrics.find(({ name }) => name === nameY);
  const pair = useMemo(
    () => (x === undefined || y === undefined ? undefined : ([x, y] as const)),
    [x, y],
  );
  const isTooLarge = found === undefined;
  return { metrics, mask, front, isTooLarge, sweepFront, unbeaten, pair, plotOf };
}

const NO_ROWS = new Uint32Array();
const EMPTY = new Float64Array();
const NONE = new Uint8Array();
const NO_PLACES = new Float32Array();
