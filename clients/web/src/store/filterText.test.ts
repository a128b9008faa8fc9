import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { conditionName, conditionText, statesText, topText } from "./filterText";
import type { Column, ColumnCondition } from "./runTable";
import { tableOf } from "./testing";

const { columns } = tableOf(
  [],
  [
    { key: "parameter:lr", values: new Float64Array() },
    {
      key: "parameter:optimizer",
      scale: "category",
      categories: ["adam", "sgd", "", "lion", "muon"],
      values: new Float64Array(),
    },
    { key: "field:duration", kind: "field", values: new Float64Array() },
  ],
);
const columnOf = (key: string): Column | undefined => columns.find((each) => each.key === key);

test.each<[ColumnCondition, string]>([
  [{ key: "parameter:lr", min: 0.1, max: 3 }, "0.1 to 3"],
  [{ key: "parameter:lr", min: 2, max: 2 }, "2"],
  [{ key: "parameter:lr", min: 2, missing: true }, "at least 2 or no value"],
  [{ key: "parameter:lr", max: 2 }, "at most 2"],
  [{ key: "parameter:lr" }, "any value"],
  [{ key: "parameter:lr", categories: [], missing: true }, "no value"],
  [{ key: "parameter:optimizer", categories: [0, 2] }, "adam or (empty)"],
  [{ key: "parameter:optimizer", categories: [0, 1, 2, 3, 4] }, "adam or sgd or (empty) or 2 more"],
  [{ key: "parameter:optimizer", categories: [] }, "nothing"],
  [{ key: "parameter:optimizer", categories: [1], unknown: ["x"] }, "sgd or x (no run has it)"],
  [{ key: "parameter:optimizer", contains: "AD" }, "contains “AD”"],
  [{ key: "field:duration", max: 0.25 }, "at most 250 ms"],
  [{ key: "number", min: 1_000, max: 1_999 }, "1,000 to 1,999"],
  [{ key: "parameter:gone", min: 1 }, "not a column of this sweep"],
  [{ key: "label:team", contains: "a" }, "loading …"],
])("%o reads %s", (condition, text) => {
  expect(conditionText(columnOf(condition.key), condition)).toBe(text);
});

test("while runs arrive, no value is called unknown", () => {
  const condition = { key: "parameter:optimizer", categories: [], unknown: ["x"] };
  expect(conditionText(columnOf(condition.key), condition, false)).toBe("x");
});

test("columns, states and shares have names", () => {
  expect(conditionName(columnOf("field:duration"), "field:duration")).toBe("Duration");
  expect(conditionName(undefined, "label:a:b")).toBe("a:b");
  expect(conditionName(undefined, "number")).toBe("run number");
  expect(statesText([RunState.FAILED, RunState.LOST])).toBe("failed or lost");
  expect(topText(0.1)).toBe("best 10 %");
});
