import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { exportCommand } from "./exportCommand";
import { ALL_RUNS } from "./runFilter";

test("states are options of the command", () => {
  const filter = { ...ALL_RUNS, states: [RunState.FAILED, RunState.LOST] };
  expect(exportCommand("k6rsniyyjhjy", filter, "jsonl")).toEqual({
    command:
      "wanllmdb runs export k6rsniyyjhjy --state failed --state lost --output k6rsniyyjhjy-runs.jsonl",
    isSame: true,
  });
});

test("the command exports more than a filter on columns keeps", () => {
  const isSame = (filter: object) =>
    exportCommand("k6rsniyyjhjy", { ...ALL_RUNS, ...filter }, "csv").isSame;
  expect(isSame({})).toBe(true);
  expect(isSame({ top: 0.1 })).toBe(false);
  expect(isSame({ conditions: [{ key: "parameter:lr", min: 1 }] })).toBe(false);
});
