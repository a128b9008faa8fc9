import fc from "fast-check";
import { expect, test } from "vitest";
import { nearestPoint, paintOrder, paintPoints } from "./points";

test("points are painted by level, and within a level in their order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 }), (given) => {
      const order = [...paintOrder(Uint8Array.from(given))];
      const slow = [...given.keys()].sort((a, b) => (given[a] ?? 0) - (given[b] ?? 0) || a - b);
      expect(order).toEqual(slow);
    }),
  );
});

const INPUT = {
  width: 10,
  height: 10,
  colors: [
    [200, 0, 0],
    [0, 0, 200],
  ] as const,
  radius: 1.5,
  opacity: 1,
};

test("the higher level is on top, and points outside or without a place are left out", () => {
  const pixels = paintPoints({
    ...INPUT,
    xs: Float32Array.of(5, 5, Number.NaN, -50, Number.POSITIVE_INFINITY),
    ys: Float32Array.of(5, 5, 5, 5, 5),
    levels: Uint8Array.of(1, 0, 1, 1, 1),
  });
  expect([...pixels.subarray((5 * 10 + 5) * 4, (5 * 10 + 5) * 4 + 4)]).toEqual([0, 0, 200, 255]);
  expect(pixels.filter((value, index) => index % 4 === 3 && value > 0).length).toBeLessThan(20);
});

test("more points at a place make it denser", () => {
  const opacityOf = (count: number) =>
    paintPoints({
      ...INPUT,
      opacity: 0.3,
      xs: new Float32Array(count).fill(5),
      ys: new Float32Array(count).fill(5),
      levels: new Uint8Array(count),
    })[(5 * 10 + 5) * 4 + 3] ?? 0;
  expect(opacityOf(1)).toBeLessThan(opacityOf(2));
  expect(opacityOf(2)).toBeLessThan(opacityOf(5));
});

test("the nearest point is the one with the least distance", () => {
  const place = fc.integer({ min: 0, max: 20 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(place, place), { maxLength: 30 }),
      place,
      place,
      (given, x, y) => {
        const xs = Float32Array.from(given, ([across]) => across);
        const ys = Float32Array.from(given, ([, down]) => down);
        const found = nearestPoint(xs, ys, x, y, 5);
        const distances = given.map(([across, down]) => Math.hypot(across - x, down - y));
        const least = Math.min(...distances, Number.POSITIVE_INFINITY);
        if (found === undefined) expect(least).toBeGreaterThan(5);
        else expect(distances[found]).toBeCloseTo(least);
      },
    ),
  );
});
