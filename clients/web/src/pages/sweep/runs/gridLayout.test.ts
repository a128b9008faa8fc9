import { expect, test } from "vitest";
import { tableOf } from "../../../store/testing";
import { layoutOf, pinnedWidth, SELECT_WIDTH } from "./gridLayout";

const { columns } = tableOf(
  [],
  [
    { key: "objective:loss", kind: "objective", values: new Float64Array() },
    { key: "parameter:lr", values: new Float64Array() },
    { key: "field:error_message", kind: "field", scale: "category", values: new Float64Array() },
  ],
);
const usual = { pinned: [], widths: {}, frameWidth: 1_200 };

test("the run's number stays, and the other columns have their order", () => {
  const layout = layoutOf(columns, usual);
  expect(layout.map(({ key }) => key)).toEqual([
    "number",
    "state",
    "objective:loss",
    "parameter:lr",
    "field:error_message",
  ]);
  expect(layout.map(({ left }) => left !== undefined)).toEqual([true, false, false, false, false]);
});

test("pinned columns stand beside each other after the number", () => {
  const widths = { number: 100, "parameter:lr": 200 };
  const layout = layoutOf(columns, { ...usual, pinned: ["parameter:lr", "state", "gone"], widths });
  expect(layout.slice(0, 3).map(({ key, left }) => [key, left])).toEqual([
    ["number", SELECT_WIDTH],
    ["state", SELECT_WIDTH + 100],
    ["parameter:lr", SELECT_WIDTH + 212],
  ]);
  expect(pinnedWidth(layout)).toBe(SELECT_WIDTH + 412);
});

test("pinned columns leave room to scroll the others", () => {
  const widths = { "parameter:lr": 300 };
  const pinned = ["objective:loss", "parameter:lr"];
  const layout = layoutOf(columns, { pinned, widths, frameWidth: 390 });
  expect(pinnedWidth(layout)).toBeLessThanOrEqual(0.6 * 390);
  expect(layout.map(({ key }) => key)).toHaveLength(5);
});
