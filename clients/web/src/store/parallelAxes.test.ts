import fc from "fast-check";
import { expect, test } from "vitest";
import {
  axesOf,
  changeSetting,
  defaultSettings,
  formatCell,
  moveSetting,
  showOnly,
} from "./parallelAxes";
import { TABLE } from "./parallelTable.testing";

test("the parameters come first and the objective last", () => {
  expect(defaultSettings(TABLE).map(({ key }) => key)).toEqual([
    "parameter:lr",
    "parameter:momentum",
    "parameter:optimizer",
    "objective:loss",
  ]);
});

test("an axis moves to its place and no further than the ends", () => {
  const settings = [{ key: "a" }, { key: "b" }, { key: "c" }];
  const order = (key: string, to: number) => moveSetting(settings, key, to).map((one) => one.key);
  expect(order("a", 1)).toEqual(["b", "a", "c"]);
  expect(order("c", -1)).toEqual(["c", "a", "b"]);
  expect(order("a", 9)).toEqual(["b", "c", "a"]);
});

test("parameters that never vary have no axis at first", () => {
  const keys = defaultSettings(TABLE, new Set(["momentum"])).map(({ key }) => key);
  expect(keys).toEqual(["parameter:lr", "parameter:optimizer", "objective:loss"]);
});

const settings = fc.uniqueArray(
  fc.record({ key: fc.constantFrom(..."abcdefgh"), flip: fc.boolean() }),
  { selector: ({ key }) => key },
);

test("a move keeps every axis once, the others in their order, and is undone by one back", () => {
  fc.assert(
    fc.property(settings, fc.nat(9), fc.integer({ min: -2, max: 12 }), (axes, from, to) => {
      const moved = axes[from];
      if (moved === undefined) return;
      const after = moveSetting(axes, moved.key, to);
      const others = (list: readonly { key: string }[]) =>
        list.filter((one) => one.key !== moved.key);
      expect(others(after)).toEqual(others(axes));
      expect(after[Math.max(0, Math.min(to, axes.length - 1))]).toBe(moved);
      expect(moveSetting(after, moved.key, from)).toEqual(axes);
    }),
  );
});

test("what is shown is what is chosen: axes of before keep their order and settings", () => {
  fc.assert(
    fc.property(settings, fc.uniqueArray(fc.constantFrom(..."abcdefgh")), (axes, keys) => {
      const after = showOnly(axes, keys);
      expect(new Set(after.map(({ key }) => key))).toEqual(new Set(keys));
      expect(after).toHaveLength(keys.length);
      const kept = axes.filter(({ key }) => keys.includes(key));
      expect(after.slice(0, kept.length)).toEqual(kept);
    }),
  );
});

test("a change is that of one axis, and what is at its default is left out", () => {
  const axes = [{ key: "a", flip: true }, { key: "b" }];
  expect(changeSetting(axes, "a", { flip: false })).toEqual([{ key: "a" }, { key: "b" }]);
  expect(changeSetting(axes, "b", { scale: "log" })).toEqual([axes[0], { key: "b", scale: "log" }]);
});

test("an axis whose column the table lacks is left out", () => {
  expect(axesOf(TABLE, [{ key: "parameter:x" }, { key: "parameter:lr" }])).toHaveLength(1);
});

test("values read as in the table of runs", () => {
  const time = { ...TABLE.columns[1], kind: "field", name: "duration", key: "field:duration" };
  const column = { ...TABLE.columns[3], ...time, scale: "linear" } as const;
  expect(formatCell(column as never, 65)).toBe("1 min 5 s");
  expect(formatCell(column as never, Number.NaN)).toBe("not set");
});
