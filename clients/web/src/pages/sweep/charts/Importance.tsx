import type { GetParameterImportanceResponse } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import {
  AnalysisService,
  ImportanceEvaluator,
} from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { useClient } from "../../../rpc/context";
import type { ChartTable } from "../../../store/chartTable";
import { formatCount } from "../../../store/format";
import { Bars } from "../../../ui/Bars";
import { Chart } from "../../../ui/Chart";
import { useAnswer } from "../../../ui/useAnswer";
import { useCurrentSweep } from "../sweepContext";
import { AllRunsNote } from "./AllRunsNote";
import { NoRuns } from "./NoRuns";

/** How much each parameter matters for a metric, by one evaluator. */
export function Importance({
  metric,
  evaluator = ImportanceEvaluator.FANOVA,
  title = "Parameter importance",
}: {
  metric: string;
  evaluator?: ImportanceEvaluator;
  title?: string;
}) {
  const { sweepId, revision } = useCurrentSweep();
  const analysis = useClient(AnalysisService);
  const answer = useAnswer({
    key: ["importance", sweepId, metric, evaluator],
    revision,
    ask: (signal) =>
      analysis.getParameterImportance(
        { sweepId, metric, evaluator },
        { signal, timeoutMs: 60_000 },
      ),
  });
  return (
    <Chart
      title={title}
      answer={answer}
      empty={({ importances }) => (importances.length === 0 ? <NoRuns /> : undefined)}
      table={importanceTable}
    >
      {({ importances, runsUsed }) => (
        <>
          <Bars
            label={title}
            bars={importances.map(({ name, importance }) => ({ name, share: importance }))}
          />
          <p className="faint">From {formatCount(runsUsed)} finished runs.</p>
          <AllRunsNote />
        </>
      )}
    </Chart>
  );
}

export function importanceTable({ importances }: GetParameterImportanceResponse): ChartTable {
  return {
    head: ["parameter", "importance", "Pearson", "Spearman", "runs"],
    rows: importances.map((each) => [
      each.name,
      each.importance,
      each.linearCorrelation,
      each.rankCorrelation,
      each.runs,
    ]),
  };
}
