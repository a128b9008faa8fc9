import fc from "fast-check";
import { expect, test } from "vitest";
import { comparedColumns, correlationsOf } from "./correlations";
import { tableOf } from "./testing";

const cell = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -4, max: 4 }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const twoColumns = fc
  .integer({ min: 0, max: 25 })
  .chain((length) =>
    fc.tuple(
      fc.array(cell, { minLength: length, maxLength: length }),
      fc.array(cell, { minLength: length, maxLength: length }),
    ),
  );

function slowPearson(pairs: readonly (readonly [number, number])[]): number {
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const [left, right] = [mean(0), mean(1)];
  const sum = (of: (x: number, y: number) => number) =>
    pairs.reduce((total, [x, y]) => total + of(x - left, y - right), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

function slowRanks(values: readonly number[]): number[] {
  return values.map(
    (value) =>
      values.filter((other) => other < value).length +
      (values.filter((other) => other === value).length - 1) / 2,
  );
}

for (const method of ["pearson", "spearman"] as const) {
  test(`${method} agrees with its definition over the runs that have both values`, () => {
    fc.assert(
      fc.property(twoColumns, ([one, other]) => {
        const columns = [one, other].map((values, index) => ({
          name: `c${index}`,
          values: Float64Array.from(values),
        }));
        const { values, runs } = correlationsOf(columns, method);
        const both = one.flatMap((x, index) => {
          const y = other[index] ?? Number.NaN;
          return Number.isNaN(x) || Number.isNaN(y) ? [] : [[x, y] as const];
        });
        const [xs, ys] = [both.map(([x]) => x), both.map(([, y]) => y)];
        const isConstant = new Set(xs).size < 2 || new Set(ys).size < 2;
        const ranked = slowRanks(ys);
        const pairs =
          method === "pearson"
            ? both
            : slowRanks(xs).map((rank, index) => [rank, ranked[index] ?? 0] as const);
        expect(runs[1]).toBe(both.length);
        expect(values[1]).toBe(values[2]);
        if (isConstant) expect(values[1]).toBeNaN();
        else expect(values[1]).toBeCloseTo(slowPearson(pairs), 9);
      }),
    );
  });
}

test("large values do not overflow", () => {
  const column = { name: "x", values: Float64Array.of(1e300, -1e300, 5e299) };
  expect(correlationsOf([column], "pearson").values[0]).toBeCloseTo(1);
});

test("logarithms, numbers as categories and other categories become comparable columns", () => {
  const { columns } = tableOf(
    [1, 1, 1],
    [
      { key: "parameter:lr", scale: "log", values: Float64Array.of(0.1, 1, Number.NaN) },
      {
        key: "parameter:batch",
        scale: "category",
        categories: ["16", "1,024"],
        values: Float64Array.of(0, 1, 1),
      },
      {
        key: "parameter:optimizer",
        scale: "category",
        categories: ["adam", "sgd"],
        values: Float64Array.of(0, 0, 1),
      },
      { key: "objective:loss", kind: "objective", values: Float64Array.of(3, 2, 1) },
    ],
  );
  const [parameters, metrics] = [columns.slice(0, 3), columns.slice(3)];
  const rows = Int32Array.of(0, 1, 2);
  const compared = comparedColumns(parameters, metrics, rows, 10);
  expect(compared.map(({ name, values }) => [name, ...values])).toEqual([
    ["lr", Math.log(0.1), 0, Number.NaN],
    ["batch", 16, 1024, 1024],
    ["optimizer=adam", 1, 1, 0],
    ["optimizer=sgd", 0, 0, 1],
    ["loss", 3, 2, 1],
  ]);
  // The rarest category goes first, and metrics stay.
  const fewer = comparedColumns(parameters, metrics, rows, 4).map(({ name }) => name);
  expect(fewer).toEqual(["lr", "batch", "optimizer=adam", "loss"]);
});
