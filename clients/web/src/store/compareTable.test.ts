import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Method, SweepSchema, SweepState } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { ProgressCurveSchema } from "../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { comparedSweeps, compareFile } from "./compareTable";

const NOW = 100_000;

const ended = create(SweepSchema, {
  sweepId: "a",
  name: "ended",
  state: SweepState.FINISHED,
  startTime: { seconds: 10n },
  endTime: { seconds: 40n },
  spec: { method: Method.BAYES, sampler: { name: "tpe" } },
  stats: { totalRuns: 5n, finishedRuns: 4n, failedRuns: 1n, failureRate: 0.2 },
});
const running = create(SweepSchema, {
  sweepId: "b",
  state: SweepState.RUNNING,
  startTime: { seconds: 10n },
});
const pending = create(SweepSchema, { sweepId: "c", state: SweepState.PENDING });
const sweeps = [ended, running, pending];
const curves = [
  create(ProgressCurveSchema, { sweepId: "b", bestObjectives: [3, 1], bestRunNumbers: [0n, 7n] }),
  create(ProgressCurveSchema, { sweepId: "a", bestObjectives: [2], bestRunNumbers: [1n] }),
];

test("each sweep has its best run, and the best of all is marked by the goal", () => {
  const lowest = comparedSweeps(sweeps, curves, "minimize", NOW);
  expect(lowest.map(({ best, isBest }) => [best?.objective, best?.run, isBest])).toEqual([
    [2, 1n, false],
    [1, 7n, true],
    [undefined, undefined, false],
  ]);
  const highest = comparedSweeps(sweeps, curves, "maximize", NOW);
  expect(highest.map(({ isBest }) => isBest)).toEqual([true, false, false]);
});

test("without a best run no sweep is the best", () => {
  expect(comparedSweeps(sweeps, [], "minimize", NOW).some(({ isBest }) => isBest)).toBe(false);
});

test("a sweep that has ended lasts until its end, and one that has not until now", () => {
  const durations = comparedSweeps(sweeps, [], "minimize", NOW).map(({ durationMs }) => durationMs);
  expect(durations).toEqual([30_000, 90_000, undefined]);
});

test("the file has a field for each heading", () => {
  const { head, rows } = compareFile(comparedSweeps(sweeps, curves, "minimize", NOW), "loss");
  for (const row of rows) expect(row).toHaveLength(head.length);
  const [first = []] = rows;
  expect(Object.fromEntries(head.map((name, index) => [name, first[index]]))).toMatchObject({
    sweep: "a",
    state: "finished",
    "best loss": 2,
    "best run": 1n,
    runs: 5n,
    failed: 1n,
    "failure rate": 0.2,
    "duration in seconds": 30,
    method: "bayes",
    sampler: "tpe",
  });
});
