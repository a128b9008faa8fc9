import fc from "fast-check";
import { expect, test } from "vitest";
import { courseAxes, courseStyle, courseValue, spreadLabels } from "./courses";

test("no two of ten lines look the same, with or without colors", () => {
  const styles = Array.from({ length: 10 }, (_, place) => courseStyle(place));
  const looks = styles.map(({ dash, marker }) => JSON.stringify([dash, marker]));
  expect(new Set(looks).size).toBe(10);
});

test("a course has the value of the last point up to an x", () => {
  const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer()), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(points, fc.integer({ min: -1, max: 21 }), (all, x) => {
      const sorted = [...all].sort(([one], [other]) => one - other);
      const course = { xs: sorted.map(([at]) => at), ys: sorted.map(([, value]) => value) };
      const expected = sorted.filter(([at]) => at <= x).at(-1)?.[1];
      expect(courseValue(course, x)).toBe(expected);
    }),
  );
});

test("labels keep their distance and their order, and stay in the drawing if they fit", () => {
  const wanted = fc.array(fc.double({ min: -20, max: 320, noNaN: true }), { maxLength: 10 });
  fc.assert(
    fc.property(wanted, (places) => {
      const found = spreadLabels(places, 15, 0, 300);
      const order = [...places.keys()].sort(
        (one, other) => (places[one] ?? 0) - (places[other] ?? 0) || one - other,
      );
      const ascending = order.map((index) => found[index] ?? Number.NaN);
      for (const [rank, place] of ascending.entries()) {
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(300);
        if (rank > 0) expect(place - (ascending[rank - 1] ?? 0)).toBeGreaterThanOrEqual(15 - 1e-9);
      }
    }),
  );
});

test("a label that has room stays where it belongs", () => {
  expect(spreadLabels([200, 100, 40], 15, 0, 300)).toEqual([200, 100, 40]);
});

test("axes are logarithmic for positive values only, and show something without courses", () => {
  const course = { id: "a", name: "a", place: 0, xs: [1, 5], ys: [10, 1] };
  const labels = { x: "runs", y: "loss" };
  expect(courseAxes([course], labels, true).y).toMatchObject({ isLog: true, min: 1, max: 10 });
  const zero = { ...course, ys: [1, 0] };
  expect(courseAxes([zero], labels, true).y.isLog).toBe(false);
  const { x, y } = courseAxes([], labels, true);
  expect([x.max > x.min, y.max > y.min]).toEqual([true, true]);
});
