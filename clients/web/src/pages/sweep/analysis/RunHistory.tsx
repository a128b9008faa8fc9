import { useCallback, useMemo } from "react";
import { drawHistory } from "../../../plots/history";
import type { Palette } from "../../../plots/palette";
import { pointMarks } from "../../../plots/pointMarks";
import { formatCount, formatValue } from "../../../store/format";
import type { RunTable } from "../../../store/runTable";
import { bestSoFar } from "../../../store/scoredRuns";
import { Chart } from "../../../ui/Chart";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnalysis, useOpenRun } from "./analysisContext";
import { computed } from "./computed";
import { Nothing } from "./Nothing";
import { ScaleNote } from "./ScaleNote";

/** Each matching run's objective by number, and the best one so far. */
export function RunHistory() {
  const { table, scored, metric, goal } = useAnalysis();
  const data = useMemo(
    () =>
      table === undefined ? undefined : { table, best: bestSoFar(scored.objectives, goal), scored },
    [table, scored, goal],
  );
  return (
    <Chart
      title="Optimization history"
      answer={computed(data)}
      empty={({ best }) => (best.length === 0 ? <Nothing /> : undefined)}
      table={({ table: { numbers }, best, scored: { rows, objectives } }) => ({
        head: ["run", metric, "best so far"],
        rows: Array.from(rows, (row, index) => [numbers[row], objectives[index], best[index]]),
      })}
    >
      {({ table: shown, best }) => <HistoryPlot table={shown} best={best} />}
    </Chart>
  );
}

function HistoryPlot({ table, best }: { table: RunTable; best: Float64Array }) {
  const { scored, axis, metric } = useAnalysis();
  const open = useOpenRun();
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) => {
      const numbers = scored.rows.map((row) => table.numbers[row] ?? 0);
      const last = table.numbers[table.count - 1] ?? 0;
      const x = { label: "run", min: 0, max: Math.max(last, 1), isLog: false, categories: [] };
      const { objectives } = scored;
      const places = drawHistory(canvas, width, { x, y: axis, numbers, objectives, best }, palette);
      return (
        places &&
        pointMarks(places, (point) => ({
          title: `Run ${numbers[point]}`,
          run: numbers[point] ?? 0,
          facts: [
            [metric, formatValue(objectives[point] ?? Number.NaN)],
            ["best so far", formatValue(best[point] ?? Number.NaN)],
          ],
        }))
      );
    },
    [scored, table, axis, best, metric],
  );
  const found = formatValue(best.at(-1) ?? Number.NaN);
  return (
    <>
      <PlotCanvas
        label={`${metric} of ${formatCount(best.length)} runs by number; the best is ${found}`}
        draw={draw}
        onOpen={open}
      />
      <p className="plot-legend">
        <span className="key key-dot">a run</span>
        <span className="key key-line">best so far: {found}</span>
        <span>{formatCount(best.length)} runs</span>
      </p>
      <ScaleNote axis={axis} />
    </>
  );
}
