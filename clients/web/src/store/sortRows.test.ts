import fc from "fast-check";
import { expect, test } from "vitest";
import { NUMBER_KEY, STATE_KEY } from "./runTable";
import { countAdded, sortRows } from "./sortRows";
import { tableOf } from "./testing";

const value = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -4, max: 4 }));
const row = fc.record({ state: fc.integer({ min: 1, max: 7 }), value, kept: fc.boolean() });

test("rows are sorted as by a slow reference, without a value last", () => {
  fc.assert(
    fc.property(fc.array(row), fc.boolean(), (rows, isDescending) => {
      const values = Float64Array.from(rows.map((each) => each.value));
      const table = tableOf(
        rows.map(({ state }) => state),
        [{ key: "parameter:x", values }],
      );
      const mask = Uint8Array.from(rows.map(({ kept }) => (kept ? 1 : 0)));
      const expected = rows
        .map((each, index) => ({ ...each, index }))
        .filter(({ kept }) => kept)
        .sort((one, other) => {
          const [first, second] = [Number.isNaN(one.value), Number.isNaN(other.value)];
          if (first || second) return Number(first) - Number(second);
          return isDescending ? other.value - one.value : one.value - other.value;
        });
      expect([...sortRows(table, mask, { key: "parameter:x", isDescending })]).toEqual(
        expected.map(({ index }) => index),
      );
    }),
  );
});

test("numbers, states and names have their own order", () => {
  const table = tableOf(
    [3, 1, 2, 3],
    [
      {
        key: "field:agent_id",
        kind: "field",
        scale: "category",
        categories: ["gpu-10", "gpu-9"],
        values: Float64Array.of(0, 1, Number.NaN, 1),
      },
    ],
  );
  const sorted = (key: string, isDescending = false, mask = Uint8Array.of(1, 1, 1, 1)) => [
    ...sortRows(table, mask, { key, isDescending }),
  ];
  expect(sorted(NUMBER_KEY, true)).toEqual([3, 2, 1, 0]);
  expect(sorted(NUMBER_KEY, false, Uint8Array.of(0, 1, 0, 1))).toEqual([1, 3]);
  expect(sorted(STATE_KEY)).toEqual([1, 2, 0, 3]);
  expect(sorted("field:agent_id")).toEqual([1, 3, 0, 2]);
  expect(sorted("field:agent_id", true)).toEqual([0, 1, 3, 2]);
  expect(sorted("parameter:gone")).toEqual([0, 1, 2, 3]);
});

test("100,000 rows are sorted", () => {
  const count = 100_000;
  const values = Float64Array.from({ length: count }, (_, index) =>
    index % 10 === 0 ? Number.NaN : (index * 7_919) % 99_991,
  );
  const table = tableOf(new Array(count).fill(3), [{ key: "parameter:x", values }]);
  const mask = new Uint8Array(count).fill(1);
  const times = [1, 2, 3, 4, 5].map(() => {
    const start = performance.now();
    sortRows(table, mask, { key: "parameter:x", isDescending: false });
    return performance.now() - start;
  });
  const median = [...times].sort((one, other) => one - other)[2] ?? 0;
  // The time is shown, not asserted: the machine may have other work.
  process.stdout.write(`sorting 100,000 rows: median ${median.toFixed(0)} ms\n`);
  const sorted = sortRows(table, mask, { key: "parameter:x", isDescending: false });
  expect(sorted).toHaveLength(count);
});

test("a large table is sorted as a small one, and rows with equal values by number", () => {
  const number = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
  );
  const some = fc.array(number, { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(some, fc.boolean(), fc.integer({ min: 1, max: 97 }), (few, isDescending, step) => {
      const count = 5_000;
      const values = Float64Array.from({ length: count }, (_, index) => {
        return few[(index * step) % few.length] ?? Number.NaN;
      });
      const table = tableOf(new Array(count).fill(3), [{ key: "parameter:x", values }]);
      const mask = Uint8Array.from({ length: count }, (_, index) => (index % 11 === 0 ? 0 : 1));
      const sorted = [...sortRows(table, mask, { key: "parameter:x", isDescending })];
      const rank = (row: number) => (values[row] ?? 0) * (isDescending ? -1 : 1);
      const expected = [...mask.keys()].filter((row) => mask[row] === 1);
      expected.sort((one, other) => {
        const [first, second] = [rank(one), rank(other)];
        const [isFirst, isSecond] = [Number.isNaN(first), Number.isNaN(second)];
        if (isFirst || isSecond) return Number(isFirst) - Number(isSecond) || one - other;
        return first < second ? -1 : first > second ? 1 : one - other;
      });
      expect(sorted).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

test("categories that read the same are sorted by number", () => {
  const table = tableOf(
    [3, 3, 3, 3],
    [
      {
        key: "label:x",
        kind: "label",
        scale: "category",
        categories: ["1", "0", "1"],
        values: Float64Array.of(2, 0, 1, 2),
      },
    ],
  );
  const order = { key: "label:x", isDescending: true };
  expect([...sortRows(table, Uint8Array.of(1, 1, 1, 1), order)]).toEqual([0, 1, 3, 2]);
});

test("runs are new if they match and the earlier order lacks them", () => {
  const bits = fc.array(fc.constantFrom(0, 1), { maxLength: 20 });
  fc.assert(
    fc.property(bits, fc.uniqueArray(fc.nat(25)), (mask, earlier) => {
      const table = tableOf(mask.map(() => 3));
      const expected = mask.filter((bit, row) => bit === 1 && !earlier.includes(row)).length;
      expect(countAdded(table, Uint8Array.from(mask), Int32Array.from(earlier))).toBe(expected);
    }),
  );
});
