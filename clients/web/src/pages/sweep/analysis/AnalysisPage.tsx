import "../../../ui/charts.css";
import "./analysis.css";
import type { ComponentType } from "react";
import { ImportanceEvaluator } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { ChartPanel } from "../../../ui/Chart";
import { Importance } from "../charts/Importance";
import { useCurrentSweep } from "../sweepContext";
import { TableProblem } from "../TableProblem";
import { AgentTimeline } from "./AgentTimeline";
import { AnalysisContext, useAnalysis, useAnalysisSearch } from "./analysisContext";
import { type ChartGroup, Contents } from "./Contents";
import { Contour } from "./Contour";
import { Correlations } from "./Correlations";
import { Distribution } from "./Distribution";
import { FilterSummary } from "./FilterSummary";
import { LearningCurves } from "./LearningCurves";
import { RankPlot } from "./RankPlot";
import { RunHistory } from "./RunHistory";
import { Slices } from "./Slices";
import { useAnalysisRuns } from "./useAnalysisRuns";

const EVALUATORS = [
  ["Importance: fANOVA", ImportanceEvaluator.FANOVA],
  ["Importance: mean decrease impurity", ImportanceEvaluator.MEAN_DECREASE_IMPURITY],
  ["Importance: PED-ANOVA", ImportanceEvaluator.PED_ANOVA],
] as const;

interface PlacedChart {
  readonly id: string;
  readonly title: string;
  readonly Content: ComponentType;
}

const PROGRESS: readonly PlacedChart[] = [
  { id: "history", title: "Optimization history", Content: RunHistory },
  { id: "curves", title: "Learning curves", Content: LearningCurves },
  { id: "timeline", title: "Timeline of agents", Content: AgentTimeline },
  { id: "distribution", title: "Distribution of the objective", Content: Distribution },
];

const PAIRS: readonly PlacedChart[] = [
  { id: "contour", title: "Contour", Content: Contour },
  { id: "rank", title: "Rank", Content: RankPlot },
];

const PARAMETERS: readonly PlacedChart[] = [
  { id: "slices", title: "Slices", Content: Slices },
  ...PAIRS,
  { id: "correlations", title: "Correlations", Content: Correlations },
];

const GROUPS: readonly ChartGroup[] = [
  { title: "Progress", charts: PROGRESS },
  { title: "Parameters", charts: [{ id: "importance", title: "Importance" }, ...PARAMETERS] },
];

/** How the search went, and how the parameters and the metrics of a sweep relate. */
export function AnalysisPage() {
  const { analysis, problem, status, restart } = useAnalysisRuns();
  return (
    <AnalysisContext value={analysis}>
      <div className="analysis">
        <Contents groups={GROUPS} />
        <div className="analysis-charts">
          {problem !== undefined && (
            <TableProblem problem={problem} status={status} onRetry={restart} />
          )}
          <div className="analysis-head">
            <FilterSummary />
            <MetricChoice />
          </div>
          {PROGRESS.map((chart) => (
            <Placed key={chart.id} {...chart} />
          ))}
          <section id="importance" className="chart-grid" tabIndex={-1} aria-label="Importance">
            {EVALUATORS.map(([title, evaluator]) => (
              <ChartPanel key={title} title={title}>
                <Importance title={title} evaluator={evaluator} metric={analysis.metric} />
              </ChartPanel>
            ))}
          </section>
          {PARAMETERS.map((chart) => (
            <Placed key={chart.id} {...chart} />
          ))}
        </div>
      </div>
    </AnalysisContext>
  );
}

function Placed({ id, title, Content }: PlacedChart) {
  return (
    <div id={id} tabIndex={-1} className="placed-chart">
      <ChartPanel title={title}>
        <Content />
      </ChartPanel>
    </div>
  );
}

/** The metric of all charts, and how its axes are spread. */
function MetricChoice() {
  const { spec } = useCurrentSweep();
  const { metric } = useAnalysis();
  const { search, setSearch } = useAnalysisSearch();
  const names = spec?.metrics.map(({ name }) => name) ?? [];
  if (names.length === 0) return null;
  return (
    <div className="chart-controls">
      {names.length > 1 && (
        <label>
          Metric
          <select
            value={metric}
            onChange={({ target: { value } }) =>
              setSearch({ metric: value === names[0] ? undefined : value })
            }
          >
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        Scale of <bdi>{metric}</bdi>
        <select
          value={search.scale ?? "linear"}
          onChange={({ target: { value } }) =>
            setSearch({ scale: value === "log" ? "log" : undefined })
          }
        >
          <option value="linear">linear</option>
          <option value="log">logarithmic</option>
        </select>
      </label>
    </div>
  );
}
