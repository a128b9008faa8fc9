import fc from "fast-check";
import { expect, test } from "vitest";
import { alignCurves, curveTable, isShortened } from "./curves";

const curve = fc.uniqueArray(fc.nat(20), { maxLength: 8 }).chain((steps) =>
  fc.record({
    number: fc.nat(5).map(BigInt),
    steps: fc.constant([...steps].sort((one, other) => one - other).map(BigInt)),
    values: fc.array(fc.constantFrom(1, -2, 0.5, Number.NaN, Number.POSITIVE_INFINITY), {
      minLength: steps.length,
      maxLength: steps.length,
    }),
    pointCount: fc.constant(BigInt(steps.length)),
  }),
);

test("each finite value stands at its step, and nothing else does", () => {
  fc.assert(
    fc.property(fc.array(curve, { maxLength: 4 }), (curves) => {
      const { x, values } = alignCurves(curves);
      expect([...x].sort((one, other) => one - other)).toEqual(x);
      expect(new Set(x).size).toBe(x.length);
      curves.forEach((each, index) => {
        const drawn = x.flatMap((step, place) => {
          const value = values[index]?.[place] ?? null;
          return value === null ? [] : [[step, value]];
        });
        const finite = each.steps
          .map((step, place) => [Number(step), each.values[place]])
          .filter(([, value]) => Number.isFinite(value));
        expect(drawn).toEqual(finite);
      });
    }),
  );
});

test("the table has the points as they came", () => {
  const one = { number: 3n, steps: [0n, 5n], values: [1, Number.NaN], pointCount: 900n };
  expect(curveTable([one], "loss")).toEqual({
    head: ["run", "step", "loss"],
    rows: [
      [3n, 0n, 1],
      [3n, 5n, Number.NaN],
    ],
  });
  expect(isShortened([one])).toBe(true);
  expect(isShortened([{ ...one, pointCount: 2n }])).toBe(false);
});
