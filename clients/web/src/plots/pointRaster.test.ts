import fc from "fast-check";
import { expect, test } from "vitest";
import { gridOf, nearestPoint } from "./pointRaster";

const place = fc.oneof(
  fc.float({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(Number.NaN, 0, 1),
);
const points = fc
  .array(fc.tuple(place, place, fc.constantFrom(0, 1)), { maxLength: 60 })
  .map((each) => ({
    lefts: Float32Array.from(each, ([left]) => left),
    tops: Float32Array.from(each, ([, top]) => top),
    mask: Uint8Array.from(each, ([, , mark]) => mark),
  }));

test("each drawn point with both values is in one cell", () => {
  fc.assert(
    fc.property(
      points,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      (all, columns, rows) => {
        const { counts, most } = gridOf(all, columns, rows);
        const drawn = [...all.mask.keys()].filter(
          (row) =>
            all.mask[row] === 1 && !Number.isNaN((all.lefts[row] ?? 0) + (all.tops[row] ?? 0)),
        );
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(drawn.length);
        expect(Math.max(0, ...counts)).toBe(most);
      },
    ),
  );
});

test("the nearest point is none that is farther than another one or not drawn", () => {
  const size = { width: 300, height: 200 };
  fc.assert(
    fc.property(points, fc.double({ min: 0, max: 1, noNaN: true }), (all, left) => {
      const target = { left, top: 0.5 };
      const distances = Array.from(all.mask, (mark, row) =>
        mark === 1
          ? Math.hypot(
              ((all.lefts[row] ?? 0) - left) * size.width,
              ((all.tops[row] ?? 0) - 0.5) * size.height,
            )
          : Number.NaN,
      );
      const within = distances.filter((distance) => distance < 40);
      const found = nearestPoint(all, size, target, 40);
      if (found === undefined) expect(within.every((distance) => distance > 39.99)).toBe(true);
      else expect(distances[found]).toBeCloseTo(Math.min(...within), 6);
    }),
  );
});
