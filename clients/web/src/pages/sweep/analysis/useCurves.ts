import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { MetricCurve } from "../../../gen/wanllmdb/api/registry/v1/plots_pb";
import { useServices } from "../../../rpc/context";
import type { Services } from "../../../rpc/transport";
import type { Curve } from "../../../store/learningCurves";
import { rowOf } from "../../../store/runColumns";
import type { RunTable } from "../../../store/runTable";
import { type Answer, useAnswer } from "../../../ui/useAnswer";
import { useCurrentSweep } from "../sweepContext";

/** The most buckets of all curves of one answer. */
const MOST_POINTS = 90_000;
/** The most runs of one answer. */
export const MOST_CURVES = 1_000;
/** As many runs as these are read one by one, for the times of their values. */
export const MOST_TIMED = 20;

interface Wanted {
  readonly numbers: readonly number[];
  /**
   * What the numbers follow from. Other numbers of the same choice wait for the next reading: in a
   * live sweep, the latest runs are others every second.
   */
  readonly choice: unknown;
  readonly metric: string;
  /** Whether the times of the values are wanted as well. */
  readonly isTimed?: boolean;
}

/** Returns the curves of some runs. */
export function useCurves(table: RunTable | undefined, wanted: Wanted): Answer<readonly Curve[]> {
  const { sweepId, revision } = useCurrentSweep();
  const { registry } = useServices();
  const { numbers, choice, metric, isTimed = false } = wanted;
  const isLoaded = table !== undefined && table.count >= table.expected;
  return useAnswer({
    key: ["curves", sweepId, metric, isTimed, choice, isLoaded, numbers.length > 0],
    revision,
    ask: async (signal) => {
      if (numbers.length === 0 || metric === "") return [];
      if (isTimed) {
        const timed = numbers.slice(0, MOST_TIMED);
        return Promise.all(
          timed.map((number) => timedCurve(registry, sweepId, number, metric, table, signal)),
        );
      }
      const { curves } = await registry.getMetricHistories(
        {
          sweepId,
          numbers: numbers.map(BigInt),
          name: metric,
          maxPoints: Math.min(10_000, Math.floor(MOST_POINTS / numbers.length)),
        },
        { signal, timeoutMs: 60_000 },
      );
      return curves.map((curve) => curveOf(curve, table));
    },
  });
}

function curveOf({ number, steps, values, pointCount }: MetricCurve, table: RunTable | undefined) {
  return {
    number: Number(number),
    state: stateOf(table, Number(number)),
    steps: steps.map(Number),
    values,
    pointCount: Number(pointCount),
  };
}

function stateOf(table: RunTable | undefined, number: number): number {
  if (table === undefined) return 0;
  return table.states[rowOf(table.numbers, table.count, number)] ?? 0;
}

async function timedCurve(
  registry: Services["registry"],
  sweepId: string,
  number: number,
  metric: string,
  table: RunTable | undefined,
  signal: AbortSignal,
): Promise<Curve> {
  const request = { sweepId, number: BigInt(number), names: [metric], pageSize: 10_000 };
  const { histories } = await registry.getMetricHistory(request, { signal });
  const points = histories.flatMap((history) => history.points);
  const starts = table?.columns.find(({ key }) => key === "field:start_time");
  const row = table === undefined ? -1 : rowOf(table.numbers, table.count, number);
  const known = starts?.values[row] ?? Number.NaN;
  const times = points.map(({ time }) => (time ? timestampMs(time) / 1000 : Number.NaN));
  const start = Number.isNaN(known) ? (times[0] ?? 0) : known;
  return {
    number,
    state: stateOf(table, number),
    steps: points.map(({ step }) => Number(step)),
    values: points.map(({ value }) => value),
    pointCount: points.length,
    seconds: times.map((time) => time - start),
  };
}
