import type { Run } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { useCurrentSweep } from "../sweepContext";
import { CurvesChart } from "./CurvesChart";

interface Props {
  readonly sweepId: string;
  readonly run: Run;
  readonly number: number;
  readonly metrics: readonly string[];
}

/** The learning curves of one run. */
export function RunCurve({ sweepId, run, number, metrics }: Props) {
  const { spec } = useCurrentSweep();
  return (
    <section className="chart">
      <h3>Learning curve</h3>
      <CurvesChart
        sweepId={sweepId}
        numbers={[number]}
        metrics={metrics}
        first={spec?.metrics[0]?.name}
        revision={run.revision}
      />
    </section>
  );
}
