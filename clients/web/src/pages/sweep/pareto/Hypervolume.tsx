import { useCallback } from "react";
import type { GetHypervolumeHistoryResponse } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { AnalysisService } from "../../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import type { Palette } from "../../../plots/palette";
import { useClient } from "../../../rpc/context";
import { formatCount, formatValue } from "../../../store/format";
import { Chart } from "../../../ui/Chart";
import { LinePlot } from "../../../ui/LinePlot";
import { useAnswer } from "../../../ui/useAnswer";
import { NoRuns } from "../charts/NoRuns";
import { useCurrentSweep } from "../sweepContext";
import { ReferencePoint } from "./ReferencePoint";
import { useParetoSearch } from "./useParetoSearch";

/** The volume that the front dominates, by run number, and the point that it is measured from. */
export function Hypervolume() {
  const { sweepId, revision, spec } = useCurrentSweep();
  const analysis = useClient(AnalysisService);
  const { search, setSearch } = useParetoSearch();
  const names = spec?.metrics.map(({ name }) => name) ?? [];
  // What the address has may be the point of another sweep.
  const chosen = Object.fromEntries(
    Object.entries(search.reference ?? {}).filter(([name]) => names.includes(name)),
  );
  const answer = useAnswer({
    key: ["hypervolume", sweepId, chosen],
    revision,
    ask: (signal) =>
      analysis.getHypervolumeHistory(
        { sweepId, referencePoint: chosen },
        { signal, timeoutMs: 60_000 },
      ),
  });
  return (
    <>
      <p className="faint">
        How much of the space of metrics the front of the finished runs dominates. It only grows;
        where it stays level, runs no longer improve the front. The filter does not apply here.
      </p>
      <ReferencePoint
        key={JSON.stringify(chosen)}
        metrics={spec?.metrics ?? []}
        chosen={chosen}
        used={answer.data?.referencePoint ?? []}
        onChange={(reference) => setSearch({ reference })}
      />
      <Chart
        title="Hypervolume"
        answer={answer}
        empty={({ runNumbers }) => (runNumbers.length === 0 ? <NoRuns /> : undefined)}
        table={({ runNumbers, hypervolumes }) => ({
          head: ["run", "hypervolume"],
          rows: runNumbers.map((number, index) => [number, hypervolumes[index]]),
        })}
      >
        {(data) => <HypervolumePlot data={data} />}
      </Chart>
    </>
  );
}

function HypervolumePlot({ data }: { data: GetHypervolumeHistoryResponse }) {
  const lines = useCallback(
    (palette: Palette) => ({
      xLabel: "run",
      yLabel: "hypervolume",
      x: data.runNumbers.map(Number),
      series: [
        {
          label: "hypervolume",
          values: data.hypervolumes,
          shape: "steps" as const,
          color: palette.accent,
        },
      ],
    }),
    [data],
  );
  const { runNumbers, hypervolumes, totalFinishedRuns, isEstimate } = data;
  const last = hypervolumes.at(-1) ?? 0;
  const place = data.metrics
    .map((name, index) => `${name} ${formatValue(data.referencePoint[index] ?? Number.NaN)}`)
    .join(", ");
  return (
    <>
      <LinePlot
        label={`The hypervolume by run number; ${formatValue(last)} at the end`}
        lines={lines}
      />
      <p className="faint">
        Measured from {place}. Now {formatValue(Number(last.toPrecision(6)))}
        {isEstimate && ", an estimate that is accurate to some thousandths"}.
        {totalFinishedRuns > runNumbers.length &&
          ` ${formatCount(runNumbers.length)} of ${formatCount(totalFinishedRuns)} runs, with every improvement that fits.`}
        {last === 0 && " No run is better than this point in every metric."}
      </p>
    </>
  );
}
