import type { Run } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { useServices } from "../../../rpc/context";
import type { Services } from "../../../rpc/transport";
import { compareRuns, comparisonCsv } from "../../../store/compareRuns";
import { formatCount } from "../../../store/format";
import { rowOf } from "../../../store/runColumns";
import type { RunTable } from "../../../store/runTable";
import { ChartPanel } from "../../../ui/Chart";
import { download } from "../../../ui/download";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useAnswer } from "../../../ui/useAnswer";
import { useSetSearch } from "../../../ui/useSetSearch";
import { useCurrentSweep } from "../sweepContext";
import { CompareTable } from "./CompareTable";
import { CurvesChart } from "./CurvesChart";
import type { RunsSearch } from "./search";

interface Props {
  readonly sweepId: string;
  readonly numbers: readonly number[];
  readonly table: RunTable | undefined;
}

/** Runs side by side: what they have, and their learning curves over each other. */
export function ComparePanel({ sweepId, numbers, table }: Props) {
  const { spec, revision } = useCurrentSweep();
  const { registry } = useServices();
  const setSearch = useSetSearch<RunsSearch>();
  const isComplete = table !== undefined && table.count >= table.expected;
  const exists = (number: number) => !isComplete || rowOf(table.numbers, table.count, number) >= 0;
  const known = numbers.filter(exists);
  const lost = numbers.filter((number) => !exists(number));
  const answer = useAnswer({
    key: ["compared-runs", sweepId, known.join()],
    revision,
    ask: (signal) => readRuns(registry, sweepId, known, signal),
  });
  const objectives = (spec?.metrics ?? []).map(({ name }) => name);
  const runs = answer.data ?? [];
  const metrics = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary)))].sort(
    (one, other) => one.localeCompare(other),
  );
  const remove = (number: number) => {
    const rest = numbers.filter((each) => each !== number);
    setSearch({ compare: rest.length > 0 ? rest : undefined });
  };
  return (
    <>
      <div className="title-row">
        <h2>Compare {formatCount(known.length)} runs</h2>
        <span className="spacer" />
        <button
          type="button"
          disabled={runs.length === 0}
          onClick={() =>
            download(
              `${sweepId}-compared.csv`,
              new Blob([comparisonCsv(runs, objectives)], { type: "text/csv;charset=utf-8" }),
            )
          }
        >
          CSV
        </button>
        <button type="button" onClick={() => setSearch({ compare: undefined }, true)}>
          Back to the table
        </button>
      </div>
      {lost.length > 0 && (
        <p role="status">
          The sweep has no run {lost.join(", ")}; {lost.length === 1 ? "it is" : "they are"} left
          out.
        </p>
      )}
      {answer.error !== null && <ProblemNotice error={answer.error} onRetry={answer.retry} />}
      {answer.isPending && answer.error === null && (
        <div className="skeleton" role="status">
          Loading …
        </div>
      )}
      {runs.length > 0 && (
        <>
          <CompareTable runs={runs} groups={compareRuns(runs, objectives)} onRemove={remove} />
          <ChartPanel title="Learning curves">
            {metrics.length === 0 ? (
              <p className="faint">These runs have reported no metric yet.</p>
            ) : (
              <CurvesChart
                sweepId={sweepId}
                numbers={known}
                metrics={metrics}
                first={spec?.metrics[0]?.name}
                revision={revision}
              />
            )}
          </ChartPanel>
        </>
      )}
    </>
  );
}

async function readRuns(
  registry: Services["registry"],
  sweepId: string,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<Run[]> {
  const runs: Run[] = [];
  // An answer has as many runs as fit into it, and at least one.
  while (runs.length < numbers.length) {
    const rest = numbers.slice(runs.length).map(BigInt);
    const answer = await registry.batchGetRuns({ sweepId, numbers: rest }, { signal });
    if (answer.runs.length === 0) throw new Error("the answer of BatchGetRuns has no run");
    runs.push(...answer.runs);
  }
  return runs;
}
