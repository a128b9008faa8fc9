import { useCallback, useMemo } from "react";
import { valueAtShare } from "../../../plots/area";
import { drawOnAxes } from "../../../plots/distribution";
import type { Marks } from "../../../plots/marks";
import { objectiveAxis } from "../../../plots/objectiveAxis";
import type { Palette } from "../../../plots/palette";
import { distributionOf, type Distribution as Edf, shareUpTo } from "../../../store/distribution";
import { formatCount, formatValue } from "../../../store/format";
import { scoredRuns } from "../../../store/scoredRuns";
import { Chart } from "../../../ui/Chart";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnalysis, useAnalysisSearch } from "./analysisContext";
import { computed } from "./computed";
import { Nothing } from "./Nothing";
import { ScaleNote } from "./ScaleNote";

const MOST_STEPS = 2_000;

interface Curves {
  readonly matching: Edf;
  /** All runs, for comparison; absent without a filter. */
  readonly all: Edf | undefined;
}

/** The share of matching runs whose objective is at most a value. */
export function Distribution() {
  const { table, objective, scored, isFiltered, metric } = useAnalysis();
  const curves = useMemo((): Curves | undefined => {
    if (table === undefined) return undefined;
    const matching = distributionOf(scored.objectives, MOST_STEPS);
    if (!isFiltered || objective === undefined) return { matching, all: undefined };
    const everyRow = new Uint8Array(table.count).fill(1);
    const all = scoredRuns(table, everyRow, objective, { states: [] });
    return { matching, all: distributionOf(all.objectives, MOST_STEPS) };
  }, [table, objective, scored, isFiltered]);
  return (
    <Chart
      title="Distribution of the objective"
      answer={computed(curves)}
      empty={({ matching }) => (matching.values.length === 0 ? <Nothing /> : undefined)}
      table={({ matching, all }) => ({
        head: [metric, "share of runs", ...(all ? ["share of all runs"] : [])],
        rows: Array.from(matching.values, (value, index) => [
          value,
          matching.shares[index],
          ...(all ? [shareUpTo(all, value)] : []),
        ]),
      })}
    >
      {(data) => <DistributionPlot curves={data} />}
    </Chart>
  );
}

function DistributionPlot({ curves: { matching, all } }: { curves: Curves }) {
  const { metric, scored } = useAnalysis();
  const { search } = useAnalysisSearch();
  const { scale = "linear" } = search;
  const x = useMemo(
    () => objectiveAxis(metric, all?.values ?? matching.values, scale),
    [metric, all, matching, scale],
  );
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette): Marks | undefined => {
      const y = { label: "share of runs", min: 0, max: 1, isLog: false, categories: [] };
      const lineOf = ({ values, shares }: Edf) => ({
        xs: [x.min, values[0] ?? x.min, ...values, x.max],
        ys: [0, 0, ...shares, 1],
        shape: "steps" as const,
      });
      const lines = [
        ...(all ? [{ ...lineOf(all), color: palette.faint, width: 1.5, dash: [5, 4] }] : []),
        { ...lineOf(matching), color: palette.accent, width: 2.5 },
      ];
      const area = drawOnAxes(canvas, width, { x, y }, lines, palette);
      if (area === undefined) return undefined;
      // A mark for each pixel: the curve has a share at every value.
      const places = Math.round(area.width);
      return {
        order: () => Array.from({ length: 101 }, (_, step) => Math.round((step * places) / 100)),
        find: (left) => {
          const place = Math.round(left - area.left);
          return place >= 0 && place <= places ? place : undefined;
        },
        describe: (place) => {
          const value = valueAtShare(place / places, x);
          const share = shareUpTo(matching, value);
          return {
            x: area.left + place,
            y: area.top + (1 - share) * area.height,
            title: `${metric} at most ${formatValue(value)}`,
            facts: [
              ["share of runs", percent(share)],
              ...(all ? [["of all runs", percent(shareUpTo(all, value))] as const] : []),
            ],
          };
        },
      };
    },
    [matching, all, metric, x],
  );
  return (
    <>
      <PlotCanvas
        label={`The share of runs whose ${metric} is at most a value; the median is ${formatValue(medianOf(matching))}`}
        draw={draw}
      />
      <p className="plot-legend">
        <span className="key key-line">
          {formatCount(scored.rows.length)} {all ? "matching runs" : "runs"}
        </span>
        {all && <span className="key key-dashed">all runs</span>}
        <span>median {formatValue(medianOf(matching))}</span>
      </p>
      <ScaleNote axis={x} />
    </>
  );
}

function medianOf({ values, shares }: Edf): number {
  return values[shares.findIndex((share) => share >= 0.5)] ?? Number.NaN;
}

function percent(share: number): string {
  return `${formatValue(Math.round(share * 10_000) / 100)} %`;
}
