import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ParameterValueSchema } from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import { Method, SweepSchema, SweepState } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  actionsOf,
  bestOf,
  formatParameter,
  methodOf,
  progressOf,
  STATE_NAMES,
  STATES,
} from "./sweeps";

function sweep(fields: MessageInitShape<typeof SweepSchema>) {
  return create(SweepSchema, { state: SweepState.RUNNING, ...fields });
}

test("runs that ended in any way count towards the cap", () => {
  const progress = progressOf(
    sweep({
      spec: { runCap: 20n },
      stats: {
        totalRuns: 12n,
        queuedRuns: 1n,
        runningRuns: 2n,
        finishedRuns: 4n,
        prunedRuns: 2n,
        failedRuns: 1n,
        lostRuns: 1n,
        canceledRuns: 1n,
        endedRunsPerHour: 22,
        failureRate: 2 / 9,
      },
    }),
  );
  expect(progress).toEqual({
    ended: 9,
    total: 12,
    cap: 20,
    perHour: 22,
    leftMs: 1_800_000,
    failureRate: 2 / 9,
  });
});

test("a sweep without a cap, without a rate or at rest has no end in sight", () => {
  const stats = { totalRuns: 4n, finishedRuns: 4n, endedRunsPerHour: 10 };
  expect(progressOf(sweep({ stats })).leftMs).toBeUndefined();
  expect(progressOf(sweep({ spec: { runCap: 9n }, stats: {} })).leftMs).toBeUndefined();
  const paused = sweep({ state: SweepState.PAUSED, spec: { runCap: 9n }, stats });
  expect(progressOf(paused).leftMs).toBeUndefined();
});

test("a sweep past its cap has no time left, rather than a negative one", () => {
  const stats = { totalRuns: 6n, finishedRuns: 6n, endedRunsPerHour: 10 };
  expect(progressOf(sweep({ spec: { runCap: 5n }, stats })).leftMs).toBe(0);
});

test("a sweep that has ended allows nothing, and every other one can be finished", () => {
  const final = ["finished", "failed", "canceled"];
  for (const name of STATE_NAMES) {
    const actions = actionsOf(STATES[name]);
    if (final.includes(name)) expect(actions).toEqual([]);
    else expect(actions).toContain("finish");
  }
  expect(actionsOf(SweepState.PAUSED)).toContain("resume");
  expect(actionsOf(SweepState.RUNNING)).toContain("pause");
});

test("the best run is shown with the metric's name", () => {
  const best = sweep({
    spec: { metrics: [{ name: "loss" }] },
    stats: { bestRun: { number: 3n, objective: 0.25 } },
  });
  expect(bestOf(best)).toEqual({
    metric: "loss",
    goal: "minimize",
    value: "0.25",
    run: 3n,
  });
  expect(bestOf(sweep({}))).toBeUndefined();
});

test.each([
  [{ case: "doubleValue", value: 0.001 }, "0.001"],
  [{ case: "intValue", value: 32n }, "32"],
  [{ case: "boolValue", value: false }, "false"],
  [{ case: "stringValue", value: "adam" }, "adam"],
  [{ case: "nullValue", value: 0 }, "null"],
  [{ case: "jsonValue", value: "[1,2]" }, "[1,2]"],
] as const)("a parameter %o is shown as %s", (kind, shown) => {
  expect(formatParameter(create(ParameterValueSchema, { kind }))).toBe(shown);
});

test("a method is named by its sampler and by what stops bad runs", () => {
  const grid = methodOf(sweep({ spec: { method: Method.GRID } }));
  expect(grid).toEqual({ sampler: "grid", stopping: "" });
  const spec = {
    method: Method.BAYES,
    sampler: { name: "gp" },
    earlyTermination: { rule: { case: "hyperband", value: { minIter: 3n } } },
  } as const;
  expect(methodOf(sweep({ spec }))).toEqual({ sampler: "gp", stopping: "hyperband" });
  const pruner = { rule: { case: "pruner", value: { name: "median" } } } as const;
  expect(methodOf(sweep({ spec: { ...spec, earlyTermination: pruner } })).stopping).toBe("median");
  expect(methodOf(sweep({}))).toEqual({ sampler: "", stopping: "" });
});
