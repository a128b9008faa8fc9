import fc from "fast-check";
import { expect, test } from "vitest";
import type { AxisSetting } from "./parallelAxes";
import {
  LINE_COUNTS,
  parseParallelSearch,
  readAxis,
  settingsOf,
  writeAxis,
} from "./parallelSearch";

const setting: fc.Arbitrary<AxisSetting> = fc
  .record({
    kind: fc.constantFrom("parameter", "objective", "summary", "label", "field"),
    name: fc.string({ minLength: 1, unit: "binary" }),
    flip: fc.constantFrom(true, undefined),
    scale: fc.constantFrom("linear", "log", "quantile", undefined),
  })
  .map(({ kind, name, flip, scale }) => ({
    key: `${kind}:${name}`,
    ...(flip && { flip }),
    ...(scale && { scale: scale as "linear" }),
  }));

test("an axis comes back from the address as it was, whatever its name", () => {
  fc.assert(
    fc.property(setting, (axis) => {
      expect(readAxis(writeAxis(axis))).toEqual(axis);
    }),
  );
  expect(writeAxis({ key: "parameter:lr", flip: true, scale: "log" })).toBe("-log~parameter:lr");
  expect(writeAxis({ key: "parameter:lr" })).toBe("parameter:lr");
});

test("the settings come back from the address as they were", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(setting, { selector: ({ key }) => key, maxLength: 20 }),
      fc.constantFrom(...LINE_COUNTS),
      fc.uniqueArray(fc.nat(), { maxLength: 50 }),
      (axes, lines, selected) => {
        const search = parseParallelSearch({ axes: axes.map(writeAxis), lines, selected });
        const json: unknown = JSON.parse(JSON.stringify(search));
        const read = parseParallelSearch(json as Record<string, unknown>);
        expect(read).toEqual(search);
        expect(settingsOf(read.axes)).toEqual(axes);
        expect(read.lines ?? 10).toBe(lines);
        expect(read.selected ?? []).toEqual(selected);
      },
    ),
  );
});

test("what is no setting in an address is ignored", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("axes", "color", "lines", "selected"), fc.anything()),
      (search) => {
        const read = parseParallelSearch(search);
        expect(parseParallelSearch({ ...read })).toEqual(read);
      },
    ),
  );
  const axes = ["-log~parameter:a", "parameter:a", "a", "x~parameter:a", "parameter:", null, 3];
  expect(
    parseParallelSearch({ axes, color: "lr", lines: 7, selected: [3, 3, -1, 0.5, "4"] }),
  ).toEqual({ axes: ["-log~parameter:a"], selected: [3] });
  expect(parseParallelSearch({ axes: "a", color: "label:x", lines: 10 })).toEqual({
    color: "label:x",
  });
  expect(parseParallelSearch({ color: "-parameter:x", axes: [] })).toEqual({ axes: [] });
});
