import "../../../ui/charts.css";
import { ChartPanel } from "../../../ui/Chart";
import { History } from "../charts/History";
import { Importance } from "../charts/Importance";
import { useMetric } from "../charts/useMetric";

/** How the sweep got better, and what mattered. */
export function OverviewCharts() {
  const { metric, choice } = useMetric();
  return (
    <>
      {choice}
      <div className="chart-grid">
        <ChartPanel title="Optimisation history">
          <History metric={metric} />
        </ChartPanel>
        <ChartPanel title="Parameter importance">
          <Importance metric={metric} />
        </ChartPanel>
      </div>
    </>
  );
}
