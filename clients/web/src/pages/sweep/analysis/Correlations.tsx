import { useCallback, useState } from "react";
import {
  CorrelationMethod,
  type GetCorrelationsResponse,
} from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { drawCorrelations } from "../../../plots/heatmap";
import type { Palette } from "../../../plots/palette";
import { useServices } from "../../../rpc/context";
import { Canvas } from "../../../ui/Canvas";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { NoRuns } from "../charts/NoRuns";
import { useCurrentSweep } from "../sweepContext";

/** The correlations between all parameters and metrics. */
export function Correlations() {
  const { sweepId, revision } = useCurrentSweep();
  const { analysis } = useServices();
  const [method, setMethod] = useState(CorrelationMethod.PEARSON);
  const answer = useAnswer({
    key: ["correlations", sweepId, method],
    revision,
    ask: (signal) => analysis.getCorrelations({ sweepId, method }, { signal }),
  });
  return (
    <>
      <div className="chart-controls">
        <label>
          Method
          <select value={method} onChange={(event) => setMethod(Number(event.target.value))}>
            <option value={CorrelationMethod.PEARSON}>Pearson: how linear</option>
            <option value={CorrelationMethod.SPEARMAN}>Spearman: how monotonic</option>
          </select>
        </label>
      </div>
      <Chart
        title="Correlations"
        answer={answer}
        empty={({ names }) => (names.length === 0 ? <NoRuns /> : undefined)}
        table={({ names, correlations }) => ({
          head: ["name", ...names],
          rows: names.map((name, row) => [
            name,
            ...correlations.slice(row * names.length, (row + 1) * names.length),
          ]),
        })}
      >
        {(data) => <Heatmap data={data} />}
      </Chart>
    </>
  );
}

function Heatmap({ data: { names, correlations } }: { data: GetCorrelationsResponse }) {
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) =>
      drawCorrelations(canvas, width, names, correlations, palette),
    [names, correlations],
  );
  return <Canvas label={`Correlations between ${names.join(", ")}`} draw={draw} />;
}
