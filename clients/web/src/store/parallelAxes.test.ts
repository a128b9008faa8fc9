import fc from "fast-check";
import { expect, test } from "vitest";
import { positionOf } from "../plots/scales";
import {
  axesOf,
  bestRows,
  brushBetween,
  defaultSettings,
  describeBrush,
  keptParts,
  moveSetting,
  parseParallelSearch,
} from "./parallelAxes";
import { matchingRows } from "./runFilter";
import { tableOf } from "./testing";

const TABLE = tableOf(
  [3, 3, 3, 3, 3],
  [
    {
      key: "objective:loss",
      kind: "objective",
      values: Float64Array.of(5, 1, Number.NaN, 4, 2),
      max: 5,
    },
    {
      key: "parameter:lr",
      scale: "log",
      min: 1e-4,
      values: Float64Array.of(1e-4, 1e-3, 1e-2, 0.1, 1),
    },
    {
      key: "parameter:momentum",
      values: Float64Array.of(0.1, Number.NaN, 0.5, Number.NaN, 0.9),
    },
    {
      key: "parameter:optimizer",
      scale: "category",
      categories: ["adam", "sgd", "lion"],
      max: 2,
      values: Float64Array.of(0, 1, 2, 0, 1),
    },
  ],
);

test("the parameters come first and the objective last", () => {
  expect(defaultSettings(TABLE).map(({ key }) => key)).toEqual([
    "parameter:lr",
    "parameter:momentum",
    "parameter:optimizer",
    "objective:loss",
  ]);
});

test("a brush keeps the runs between its ends, on any scale and flipped or not", () => {
  const axes = ["linear", "log", "quantile"].flatMap((scale) =>
    [false, true].flatMap((flip) =>
      axesOf(
        TABLE,
        TABLE.columns.map(({ key }) => ({ key, flip, scale: scale as "linear" })),
      ),
    ),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...axes),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      ({ key, scale, column }, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const brush = brushBetween(scale, one, other);
        if (brush === undefined) return;
        const mask = matchingRows(
          TABLE,
          { states: [], conditions: [{ key, ...brush }] },
          undefined,
        );
        mask.forEach((isKept, row) => {
          const place = positionOf(scale, column.values[row] ?? Number.NaN);
          // A bound is rounded to what a pixel shows.
          if (place > low + 0.01 && place < high - 0.01) expect(isKept).toBe(1);
          if (place < low - 0.01 || place > high + 0.01) expect(isKept).toBe(0);
        });
        for (const [from, to] of keptParts(scale, brush)) expect(to).toBeGreaterThanOrEqual(from);
      },
    ),
  );
});

test("a brush over the whole axis is no condition, and one at its foot keeps what is not set", () => {
  for (const axis of axesOf(TABLE, defaultSettings(TABLE))) {
    expect(brushBetween(axis.scale, 0, 1), axis.key).toBeUndefined();
  }
  const [axis] = axesOf(TABLE, [{ key: "parameter:momentum" }]);
  if (axis === undefined) throw new Error("no axis");
  const brush = brushBetween(axis.scale, 0, 0.05) ?? {};
  expect(describeBrush(axis.column, brush)).toBe("not set");
  const conditions = [{ key: axis.key, ...brush }];
  expect([...matchingRows(TABLE, { states: [], conditions }, undefined)]).toEqual([0, 1, 0, 1, 0]);
  expect(keptParts(axis.scale, brush)).toEqual([[0, 0.06]]);
});

test.each([
  ["parameter:lr", { min: 0.001, max: 0.1 }, "0.001 to 0.1"],
  ["parameter:lr", { min: 0.001 }, "at least 0.001"],
  ["parameter:lr", { max: 0.1, missing: true }, "at most 0.1 or not set"],
  ["parameter:lr", {}, "any value"],
  ["parameter:optimizer", { categories: [0, 2] }, "adam or lion"],
  ["parameter:optimizer", { categories: [] }, "nothing"],
])("the condition on %s %j reads %s", (key, brush, text) => {
  const column = TABLE.columns.find((each) => each.key === key);
  if (column === undefined) throw new Error("no column");
  expect(describeBrush(column, brush)).toBe(text);
});

test("neighbouring categories are one part of the axis", () => {
  const [axis] = axesOf(TABLE, [{ key: "parameter:optimizer" }]);
  if (axis === undefined) throw new Error("no axis");
  expect(keptParts(axis.scale, { categories: [1, 0] })).toHaveLength(1);
  expect(keptParts(axis.scale, { categories: [0, 2] })).toHaveLength(2);
});

test("an axis moves to its place and no further than the ends", () => {
  const settings = [{ key: "a" }, { key: "b" }, { key: "c" }];
  const order = (key: string, to: number) => moveSetting(settings, key, to).map((one) => one.key);
  expect(order("a", 1)).toEqual(["b", "a", "c"]);
  expect(order("c", -1)).toEqual(["c", "a", "b"]);
  expect(order("a", 9)).toEqual(["b", "c", "a"]);
});

test("the best rows match, are sorted, and have an objective", () => {
  const objective = TABLE.columns[0];
  const mask = Uint8Array.of(1, 1, 1, 1, 0);
  expect(bestRows(objective, mask, "minimize", 2)).toEqual([1, 3]);
  expect(bestRows(objective, mask, "maximize", 9)).toEqual([0, 3, 1]);
  expect(bestRows(undefined, mask, "maximize", 9)).toEqual([]);
});

test("what is no setting in an address is ignored", () => {
  const axes = [
    { key: "a", flip: true, scale: "log" },
    { key: "a" },
    { scale: "log" },
    null,
    { key: "b", scale: "x" },
  ];
  expect(parseParallelSearch({ axes, colour: 3 })).toEqual({
    axes: [{ key: "a", flip: true, scale: "log" }, { key: "b" }],
  });
  expect(parseParallelSearch({ axes: "a", colour: "x" })).toEqual({ colour: "x" });
});
