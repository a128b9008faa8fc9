import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RunSchema, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { canRetry, canStop, isRetryable, isStoppable } from "./runActions";
import { tableOf } from "./testing";

const { QUEUED, RUNNING, FINISHED, PRUNED, FAILED, LOST, CANCELED } = RunState;
const table = tableOf([QUEUED, RUNNING, FINISHED, PRUNED, FAILED, LOST, CANCELED]);
const all = new Set([6, 5, 4, 3, 2, 1, 0, 99]);

test("a run is stopped before its end, and retried after an end without a result", () => {
  expect(canStop(table, all)).toEqual([0, 1]);
  expect(canRetry(table, all)).toEqual([3, 4, 5, 6]);
});

test("a finished run without an objective is retried, too", () => {
  const finished = create(RunSchema, { state: FINISHED, error: { message: "no loss" } });
  expect(isRetryable(finished)).toBe(true);
  expect(isRetryable(create(RunSchema, { state: FINISHED, objective: 1 }))).toBe(false);
  expect(isStoppable(finished)).toBe(false);
});
