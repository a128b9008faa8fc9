import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Sweep, SweepState } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { ProgressCurve } from "../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import type { ChartTable } from "./chartTable";
import type { Direction } from "./matchingRows";
import { progressOf, stateName } from "./sweeps";

/** What a comparison says about one sweep. */
export interface ComparedSweep {
  readonly sweep: Sweep;
  /** The best objective and its run; absent if the sweep is not comparable or has none yet. */
  readonly best: { readonly objective: number; readonly run: bigint } | undefined;
  /** Whether no other sweep has a better one. */
  readonly isBest: boolean;
  readonly durationMs: number | undefined;
}

/** Returns what a comparison says about each sweep. */
export function comparedSweeps(
  sweeps: readonly Sweep[],
  curves: readonly ProgressCurve[],
  goal: Direction,
  now: number,
): ComparedSweep[] {
  const found = sweeps.map((sweep) => {
    const curve = curves.find(({ sweepId }) => sweepId === sweep.sweepId);
    const objective = curve?.bestObjectives.at(-1);
    const run = curve?.bestRunNumbers.at(-1);
    const best = objective === undefined || run === undefined ? undefined : { objective, run };
    return { sweep, best, durationMs: durationOf(sweep, now) };
  });
  const sign = goal === "minimize" ? 1 : -1;
  const least = Math.min(
    ...found.flatMap(({ best }) => (best === undefined ? [] : sign * best.objective)),
  );
  return found.map((each) => ({
    ...each,
    isBest: each.best !== undefined && sign * each.best.objective === least,
  }));
}

const FINAL: readonly SweepState[] = [SweepState.FINISHED, SweepState.FAILED, SweepState.CANCELED];

function durationOf({ startTime, endTime, state }: Sweep, now: number): number | undefined {
  if (startTime === undefined) return undefined;
  const end = FINAL.includes(state) && endTime !== undefined ? timestampMs(endTime) : now;
  return Math.max(end - timestampMs(startTime), 0);
}

/** The states of runs that a comparison counts, with the counters of SweepStats. */
export const COUNTERS = [
  ["Finished", "finishedRuns"],
  ["Running", "runningRuns"],
  ["Queued", "queuedRuns"],
  ["Pruned", "prunedRuns"],
  ["Failed", "failedRuns"],
  ["Lost", "lostRuns"],
  ["Canceled", "canceledRuns"],
] as const;

/** Returns the comparison as rows of a file, with unrounded numbers. */
export function compareFile(compared: readonly ComparedSweep[], metric: string): ChartTable {
  return {
    head: [
      "sweep",
      "name",
      "project",
      "state",
      `best ${metric}`,
      "best run",
      "runs",
      ...COUNTERS.map(([name]) => name.toLowerCase()),
      "failure rate",
      "duration in seconds",
      "mean run duration in seconds",
      "method",
      "sampler",
    ],
    rows: compared.map(({ sweep, best, durationMs }) => {
      const { sweepId, name, project, state, stats, spec } = sweep;
      const mean = stats?.meanRunDuration;
      return [
        sweepId,
        name,
        project,
        stateName(state) ?? "",
        best?.objective,
        best?.run,
        BigInt(progressOf(sweep).total),
        ...COUNTERS.map(([, counter]) => stats?.[counter] ?? 0n),
        stats?.failureRate ?? 0,
        durationMs === undefined ? undefined : durationMs / 1000,
        mean === undefined ? undefined : Number(mean.seconds) + mean.nanos / 1e9,
        METHODS[spec?.method ?? 0] ?? "",
        spec?.sampler?.name ?? "",
      ];
    }),
  };
}

const METHODS = ["", "random", "grid", "bayes"] as const;
