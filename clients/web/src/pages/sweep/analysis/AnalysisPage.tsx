import "../../../ui/charts.css";
import { ImportanceEvaluator } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { ChartPanel } from "../../../ui/Chart";
import { Importance } from "../charts/Importance";
import { useMetric } from "../charts/useMetric";
import { Correlations } from "./Correlations";
import { Edf } from "./Edf";
import { Slices } from "./Slices";

const EVALUATORS = [
  ["Importance: fANOVA", ImportanceEvaluator.FANOVA],
  ["Importance: mean decrease impurity", ImportanceEvaluator.MEAN_DECREASE_IMPURITY],
  ["Importance: PED-ANOVA", ImportanceEvaluator.PED_ANOVA],
] as const;

/** How the parameters and the metrics of a sweep relate. */
export function AnalysisPage() {
  const { metric, choice } = useMetric();
  return (
    <>
      {choice}
      <div className="chart-grid">
        {EVALUATORS.map(([title, evaluator]) => (
          <ChartPanel key={title} title={title}>
            <Importance title={title} metric={metric} evaluator={evaluator} />
          </ChartPanel>
        ))}
        <ChartPanel title="Distribution of the objective">
          <Edf metric={metric} />
        </ChartPanel>
      </div>
      <ChartPanel title="Correlations">
        <Correlations />
      </ChartPanel>
      <ChartPanel title="Slices">
        <Slices metric={metric} />
      </ChartPanel>
    </>
  );
}
