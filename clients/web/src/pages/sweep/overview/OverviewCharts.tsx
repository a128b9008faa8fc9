import "../../../ui/charts.css";
import { ChartPanel } from "../../../ui/Chart";
import { History } from "../charts/History";
import { Importance } from "../charts/Importance";
import { useMetric } from "../charts/useMetric";
import { useCurrentSweep } from "../sweepContext";
import { Agents } from "./Agents";
import { Configuration } from "./Configuration";
import { Events } from "./Events";
import { ParetoFront } from "./ParetoFront";

/** How the sweep got better, what mattered, who works on it, and what it is. */
export function OverviewCharts() {
  const { metric, choice } = useMetric();
  const { spec } = useCurrentSweep();
  const hasSeveral = (spec?.metrics.length ?? 0) > 1;
  return (
    <>
      {hasSeveral && (
        <ChartPanel title="Best runs">
          <ParetoFront />
        </ChartPanel>
      )}
      {choice}
      <div className="chart-grid">
        <ChartPanel title="Optimization history">
          <History metric={metric} />
        </ChartPanel>
        <ChartPanel title="Parameter importance">
          <Importance metric={metric} />
        </ChartPanel>
        <ChartPanel title="Agents">
          <Agents />
        </ChartPanel>
        <ChartPanel title="Events">
          <Events />
        </ChartPanel>
      </div>
      <ChartPanel title="Configuration">
        <Configuration />
      </ChartPanel>
    </>
  );
}
