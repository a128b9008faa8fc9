import fc from "fast-check";
import { expect, test } from "vitest";
import { positionOf } from "../plots/scales";
import { matchingRows } from "./matchingRows";
import { axesOf, defaultSettings } from "./parallelAxes";
import {
  brushBetween,
  describeBrush,
  type Edge,
  extentOf,
  keptParts,
  stepEdge,
} from "./parallelBrush";
import { TABLE } from "./parallelTable.testing";

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

test("neighboring categories are one part of the axis", () => {
  const [axis] = axesOf(TABLE, [{ key: "parameter:optimizer" }]);
  if (axis === undefined) throw new Error("no axis");
  expect(keptParts(axis.scale, { categories: [1, 0] })).toHaveLength(1);
  expect(keptParts(axis.scale, { categories: [0, 2] })).toHaveLength(2);
});

const EVERY_AXIS = ["linear", "log", "quantile"].flatMap((scale) =>
  [false, true].flatMap((flip) =>
    axesOf(
      TABLE,
      TABLE.columns.map(({ key }) => ({ key, flip, scale: scale as "linear" })),
    ),
  ),
);

test("steps of an edge inwards end, each at another brush; outwards they end at none", () => {
  for (const { key, scale } of EVERY_AXIS) {
    for (const edge of ["low", "high"] as Edge[]) {
      const inwards = edge === "low" ? 0.01 : -0.01;
      let condition = stepEdge(scale, undefined, edge, inwards);
      const seen = new Set([undefined, JSON.stringify(condition)].slice(0, 2));
      expect(condition, `${key} ${edge}`).toBeDefined();
      for (let count = 0; count < 200; count++) {
        const next = stepEdge(scale, condition, edge, inwards);
        if (next === condition) break;
        const [low, high] = extentOf(scale, condition);
        const [newLow, newHigh] = extentOf(scale, next);
        expect(edge === "low" ? newLow - low : high - newHigh).toBeGreaterThan(-0.001);
        expect(seen.has(JSON.stringify(next)), `${key} ${edge} ${count}`).toBe(false);
        seen.add(JSON.stringify(next));
        condition = next;
        expect(count).toBeLessThan(150);
      }
      for (let count = 0; count < 200 && condition !== undefined; count++) {
        condition = stepEdge(scale, condition, edge, -inwards);
      }
      expect(condition, `${key} ${edge} ${scale.kind} ${scale.isFlipped}`).toBeUndefined();
    }
  }
});

test("a step moves one edge only, and over a category as a whole", () => {
  const axis = axesOf(TABLE, [{ key: "parameter:optimizer" }])[0];
  if (axis === undefined) throw new Error("no axis");
  const first = stepEdge(axis.scale, undefined, "low", 0.01);
  expect(first).toEqual({ categories: [1, 2] });
  expect(stepEdge(axis.scale, first, "high", -0.01)).toEqual({ categories: [1] });
  expect(stepEdge(axis.scale, { categories: [1] }, "high", -0.01)).toEqual({ categories: [1] });
});
