import fc from "fast-check";
import { expect, test } from "vitest";
import { shareOf, ticksOf, valueAtShare } from "./area";
import { describeScale, objectiveAxis, padded } from "./objectiveAxis";

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

test("an axis has every finite value, in order and within its ends", () => {
  fc.assert(
    fc.property(
      fc.array(finite, { minLength: 1, maxLength: 30 }),
      fc.constantFrom("linear", "log"),
      (values, scale) => {
        const axis = padded(objectiveAxis("loss", values, scale));
        const sorted = [...values].sort((one, other) => one - other);
        const shares = sorted.map((value) => shareOf(value, axis));
        shares.forEach((share, index) => {
          expect(share).toBeGreaterThanOrEqual(-1e-9);
          expect(share).toBeLessThanOrEqual(1 + 1e-9);
          if (index > 0) expect(share).toBeGreaterThanOrEqual((shares[index - 1] ?? 0) - 1e-12);
        });
      },
    ),
  );
});

test("a logarithm of values above 0 is one, and else it is linear around 0", () => {
  expect(objectiveAxis("loss", [0.01, 1], "log").isLog).toBe(true);
  const axis = objectiveAxis("loss", [-100, -1, 0, 1, 1_000], "log");
  expect(axis.isLog).toBe(false);
  expect(axis.linearTo).toBe(1);
  expect(describeScale(axis)).toContain("between −1 and 1");
  expect(describeScale(objectiveAxis("loss", [1, 2], "log"))).toBeUndefined();
  const ticks = ticksOf(axis, 12);
  expect(ticks).toEqual([-100, -10, -1, 0, 1, 10, 100, 1_000]);
});

test("a place on an axis leads back to its value", () => {
  const axes = [
    objectiveAxis("loss", [-5, 12], "linear"),
    objectiveAxis("loss", [1e-4, 12], "log"),
    objectiveAxis("loss", [-40, 0, 0.1, 12], "log"),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...axes),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (axis, at) => {
        expect(shareOf(valueAtShare(at, axis), axis)).toBeCloseTo(at, 9);
      },
    ),
  );
});

test("values that are not finite do not count, and one value has room around it", () => {
  expect(objectiveAxis("loss", [Number.NaN, Number.POSITIVE_INFINITY], "log")).toMatchObject({
    min: 0,
    max: 1,
  });
  const axis = objectiveAxis("loss", [3], "linear");
  expect(shareOf(3, axis)).toBeCloseTo(0.5);
});
