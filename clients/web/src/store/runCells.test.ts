import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { cellText, firstColumns, headingOf } from "./runCells";
import type { Column } from "./runTable";
import { tableOf } from "./testing";

const START = Date.UTC(2026, 10, 29, 18, 14, 5) / 1000;

const table = tableOf(
  [RunState.FINISHED, RunState.FAILED],
  [
    { key: "parameter:lr", values: Float64Array.of(0.1 + 0.2, Number.NaN) },
    { key: "parameter:depth", values: Float64Array.of(3, 3) },
    { key: "objective:loss", kind: "objective", values: Float64Array.of(1_234.567_89, Number.NaN) },
    {
      key: "field:error_message",
      kind: "field",
      scale: "category",
      categories: ['ValueError: "lr", too\nhigh'],
      values: Float64Array.of(Number.NaN, 0),
    },
    { key: "field:start_time", kind: "field", values: Float64Array.of(START, Number.NaN) },
    { key: "field:duration", kind: "field", values: Float64Array.of(7_500, Number.NaN) },
  ],
);

function column(key: string): Column {
  const found = table.columns.find((each) => each.key === key);
  if (found === undefined) throw new Error(`no column ${key}`);
  return found;
}

test.each([
  ["parameter:lr", 0, "0.3"],
  ["parameter:lr", 1, ""],
  ["objective:loss", 0, "1,234.57"],
  ["field:error_message", 0, ""],
  ["field:duration", 0, "2 h 5 min"],
])("%s of row %s reads %s", (key, row, text) => {
  expect(cellText(column(key), row)).toBe(text);
});

test("fields have headings, and what a user named keeps its name", () => {
  expect(headingOf({ kind: "field", name: "agent_id" })).toBe("Agent");
  expect(headingOf({ kind: "parameter", name: "agent_id" })).toBe("agent_id");
});

test("a page shows objectives and what was searched first, without constants", () => {
  expect(firstColumns(table, new Set(["depth"])).slice(0, 3)).toEqual([
    "objective:loss",
    "parameter:lr",
    "field:duration",
  ]);
});
