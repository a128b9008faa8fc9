import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RunOrigin, RunSchema, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { compareRuns, comparisonCsv, objectivesOf } from "./compareRuns";

function run(number: bigint, init: MessageInitShape<typeof RunSchema>) {
  return create(RunSchema, {
    number,
    state: RunState.FINISHED,
    origin: RunOrigin.SUGGESTED,
    attempt: 1,
    ...init,
  });
}

const double = (value: number) => ({ kind: { case: "doubleValue" as const, value } });

const one = run(3n, {
  parameters: { lr: double(0.123_456_7), depth: double(2) },
  summary: { loss: 0.5 },
  objective: 0.4,
  startTime: { seconds: 10n },
  endTime: { seconds: 10n, nanos: 4_300_000 },
});
const other = run(7n, {
  parameters: { lr: double(0.123_456_8), depth: double(2), extra: double(1) },
  summary: { loss: 0.5 },
  error: { message: "=oops, no" },
  labels: { __proto_: "x" },
});

test("rows say in what the runs differ, beyond the digits that are shown", () => {
  const groups = compareRuns([one, other], ["loss"]);
  const rows = Object.fromEntries(
    groups.map(({ title, rows: all }) => [
      title,
      all.map(({ name, cells, isDifferent }) => [
        name,
        ...cells.map((cell) => cell?.text),
        isDifferent,
      ]),
    ]),
  );
  expect(rows).toEqual({
    Run: [
      ["State", "finished", "finished", false],
      ["Duration", "4 ms", undefined, true],
      ["Attempts", "1", "1", false],
      ["Chosen by", "the sampler", "the sampler", false],
      ["Error", undefined, "=oops, no", true],
    ],
    Objectives: [["loss", "0.4", undefined, true]],
    Parameters: [
      ["depth", "2", "2", false],
      ["extra", undefined, "1", true],
      ["lr", "0.123457", "0.123457", true],
    ],
    "Last values of metrics": [["loss", "0.5", "0.5", false]],
    Labels: [["__proto_", undefined, "x", true]],
  });
});

test("the file has all digits and no formulas", () => {
  const lines = comparisonCsv([one, other], ["loss"]).split("\r\n");
  expect(lines[0]).toBe("group,name,run 3,run 7");
  expect(lines).toContain("Parameters,lr,0.1234567,0.1234568");
  expect(lines).toContain(`Run,Error,,"'=oops, no"`);
});

test("objectives have the names of the sweep's metrics", () => {
  const several = run(1n, { objectives: [3, 5] });
  expect(objectivesOf(several, ["loss", "size"])).toEqual([
    ["loss", 3],
    ["size", 5],
  ]);
  expect(objectivesOf(other, ["loss"])).toEqual([]);
});
