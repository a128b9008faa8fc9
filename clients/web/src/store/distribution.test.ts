import fc from "fast-check";
import { expect, test } from "vitest";
import { distributionOf, shareUpTo } from "./distribution";

const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 60 });

test("a share counts the values that are at most another one", () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -11, max: 11 }), (given, at) => {
      const distribution = distributionOf(Float64Array.from(given), 1_000);
      const slow = given.filter((value) => value <= at).length / given.length;
      expect(shareUpTo(distribution, at)).toBeCloseTo(slow);
    }),
  );
});

test("a shorter distribution has the ends, and exact shares at the values that it keeps", () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 2, max: 10 }), (given, most) => {
      const distribution = distributionOf(Float64Array.from(given), most);
      expect(distribution.values.length).toBeLessThanOrEqual(most);
      expect(distribution.values[0]).toBe(Math.min(...given));
      expect(distribution.values.at(-1)).toBe(Math.max(...given));
      expect(distribution.shares.at(-1)).toBe(1);
      distribution.values.forEach((value, index) => {
        const slow = given.filter((each) => each <= value).length / given.length;
        expect(distribution.shares[index]).toBeCloseTo(slow);
      });
    }),
  );
});

test("no values have no distribution", () => {
  expect(distributionOf(new Float64Array(), 10).values).toHaveLength(0);
});
