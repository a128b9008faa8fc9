import { useCallback, useMemo } from "react";
import { drawCorrelations } from "../../../plots/heatmap";
import type { Palette } from "../../../plots/palette";
import { type CorrelationMatrix, comparedColumns } from "../../../store/correlations";
import { formatCount } from "../../../store/format";
import { Chart } from "../../../ui/Chart";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnalysis, useAnalysisSearch } from "./analysisContext";
import { computed } from "./computed";
import { Nothing } from "./Nothing";
import { useCorrelations } from "./useCorrelations";

/** More rows than these would be too small to point at. */
const MOST_COLUMNS = 60;

/** The correlations between all parameters and metrics, over the matching runs. */
export function Correlations() {
  const { table, scored, parameters } = useAnalysis();
  const { search, setSearch } = useAnalysisSearch();
  const { correlation: method = "pearson" } = search;
  const columns = useMemo(() => {
    if (table === undefined) return undefined;
    const metrics = table.columns.filter(({ kind }) => kind === "objective");
    return comparedColumns(parameters, metrics, scored.rows, MOST_COLUMNS);
  }, [table, parameters, scored]);
  const matrix = useCorrelations(columns, method);
  return (
    <>
      <div className="chart-controls">
        <label>
          Method
          <select
            value={method}
            onChange={(event) =>
              setSearch({ correlation: event.target.value === "spearman" ? "spearman" : undefined })
            }
          >
            <option value="pearson">Pearson: how linear</option>
            <option value="spearman">Spearman: how monotonic</option>
          </select>
        </label>
      </div>
      <Chart
        title="Correlations"
        answer={computed(matrix)}
        empty={() => (scored.rows.length === 0 ? <Nothing /> : undefined)}
        table={({ names, values }) => ({
          head: ["name", ...names],
          rows: names.map((name, row) => [
            name,
            ...values.slice(row * names.length, (row + 1) * names.length),
          ]),
        })}
      >
        {(data) => <Heatmap matrix={data} runs={scored.rows.length} />}
      </Chart>
    </>
  );
}

function Heatmap({ matrix, runs }: { matrix: CorrelationMatrix; runs: number }) {
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) =>
      drawCorrelations(canvas, width, matrix, palette),
    [matrix],
  );
  return (
    <>
      <PlotCanvas label={`Correlations between ${matrix.names.join(", ")}`} draw={draw} />
      <p className="plot-legend">
        <span>−1</span>
        <span className="diverging-scale" />
        <span>1</span>
        <span>over {formatCount(runs)} runs; categories without an order are 0 or 1 each</span>
      </p>
    </>
  );
}
