import fc from "fast-check";
import { expect, test } from "vitest";
import { layoutOf, nearestRow, PLOT_HEIGHT, pathOf, placeAt, yOf } from "./parallelLayout";
import { scaleOf } from "./scales";

const place = (...shares: number[]) => {
  const values = Float64Array.from(shares);
  const column = { scale: "linear" as const, values, categories: [], min: 0, max: 1 };
  return { values, scale: scaleOf(column, values.length, "linear", false) };
};

const PLACES = [place(0, 0.5, 1), place(0, 1, 0), place(1, 0.5, 0)];
const LAYOUT = layoutOf(3, 600);
const [FIRST = 0, SECOND = 0, THIRD = 0] = LAYOUT.xs;

test("axes fill the room, or take what they need", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.integer({ min: 100, max: 3000 }), (count, room) => {
      const { width, xs, gap } = layoutOf(count, room);
      expect(width).toBeGreaterThanOrEqual(room);
      expect(xs).toHaveLength(count);
      if (count > 1) expect(gap).toBeGreaterThanOrEqual(112 - 1e-9);
      expect((xs.at(-1) ?? 0) + 100).toBeLessThanOrEqual(width);
      for (const [index, x] of xs.entries()) expect(placeAt({ width, xs, gap }, x)).toBe(index);
    }),
  );
});

test("a place beyond the axes is that of the nearest one", () => {
  expect(placeAt(LAYOUT, -50)).toBe(0);
  expect(placeAt(LAYOUT, 5_000)).toBe(2);
  expect(placeAt(LAYOUT, SECOND + LAYOUT.gap * 0.4)).toBe(1);
});

test("the head of an axis is above its foot", () => {
  expect([0, 1, 2].map((row) => yOf(PLACES[0] ?? place(), row))).toEqual([
    PLOT_HEIGHT - 1,
    Math.round((PLOT_HEIGHT - 1) / 2),
    0,
  ]);
});

test.each([
  [FIRST + 1, 180, 1],
  [FIRST + 1, 2, 2],
  [FIRST + LAYOUT.gap / 2, 90, 1],
  [SECOND + 1, 2, 1],
  [THIRD, 359, 2],
])("at %s, %s the nearest is row %s", (x, y, row) => {
  expect(nearestRow([0, 1, 2], PLACES, LAYOUT, { x, y }, 9)).toBe(row);
});

test("no line is near where there is none, and none outside of the axes", () => {
  expect(nearestRow([0, 2], PLACES, LAYOUT, { x: FIRST + 1, y: 180 }, 9)).toBeUndefined();
  expect(nearestRow([0, 1, 2], PLACES, LAYOUT, { x: FIRST - 1, y: 180 }, 9)).toBeUndefined();
  expect(nearestRow([0, 1, 2], PLACES, LAYOUT, { x: THIRD + 1, y: 0 }, 9)).toBeUndefined();
  expect(nearestRow([], PLACES, LAYOUT, { x: SECOND, y: 0 }, 9)).toBeUndefined();
});

test("a point of a run's line is nearest to it, unless another line is as near", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.double({ min: 0, max: 1, noNaN: true }),
        ),
        { minLength: 1, maxLength: 20 },
      ),
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (runs, picked, share) => {
        const places = [
          place(...runs.map(([left]) => left)),
          place(...runs.map(([, right]) => right)),
        ];
        const layout = layoutOf(2, 400);
        const row = picked % runs.length;
        const [start = 0, end = 0] = places.map((each) => yOf(each, row));
        const point = {
          x: (layout.xs[0] ?? 0) + share * layout.gap,
          y: start + (end - start) * share,
        };
        const found = nearestRow(runs.keys(), places, layout, point, 5);
        expect(found).toBeDefined();
        const [from = 0, to = 0] = places.map((each) => yOf(each, found ?? 0));
        expect(from + (to - from) * share).toBeCloseTo(point.y, 6);
      },
    ),
  );
});

test("a line has a point on each axis", () => {
  expect(pathOf(2, PLACES, LAYOUT, 10)).toBe(
    `M${FIRST.toFixed(1)} 10.5L${SECOND.toFixed(1)} ${10 + PLOT_HEIGHT - 1 + 0.5}L${THIRD.toFixed(1)} ${10 + PLOT_HEIGHT - 1 + 0.5}`,
  );
});
