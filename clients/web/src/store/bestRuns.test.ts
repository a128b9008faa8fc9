import fc from "fast-check";
import { expect, test } from "vitest";
import { bestRows, type Objective } from "./bestRuns";
import { TABLE } from "./parallelTable.testing";
import { tableOf } from "./testing";

test("the best rows match, are sorted, and have an objective", () => {
  const column = TABLE.columns[0];
  if (column === undefined) throw new Error("no column");
  const mask = Uint8Array.of(1, 1, 1, 1, 0);
  expect(bestRows([{ column, goal: "minimize" }], mask, 2)).toEqual([1, 3]);
  expect(bestRows([{ column, goal: "maximize" }], mask, 9)).toEqual([0, 3, 1]);
  expect(bestRows([], mask, 9)).toEqual([]);
});

const GOALS = ["minimize", "maximize", "minimize"] as const;

function objectivesOf(values: readonly (readonly number[])[]): Objective[] {
  const table = tableOf(
    values.map(() => 3),
    GOALS.map((_, index) => ({
      key: `objective:${index}`,
      kind: "objective",
      values: Float64Array.from(values, (each) => each[index] ?? Number.NaN),
    })),
  );
  return table.columns.map((column, index) => ({ column, goal: GOALS[index] ?? "minimize" }));
}

const small = fc.oneof(
  fc.integer({ min: 0, max: 6 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

test("of several objectives the rows are those that no other row beats in each", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(small, small, small), { maxLength: 40 }),
      fc.array(fc.constantFrom(0, 1), { minLength: 40, maxLength: 40 }),
      (values, bits) => {
        const mask = Uint8Array.from(values, (_, row) => bits[row] ?? 1);
        const objectives = objectivesOf(values);
        const losses = values.map((each) =>
          each.map((value, index) => (index === 1 ? -value : value)),
        );
        const rows = [...values.keys()].filter(
          (row) => mask[row] === 1 && losses[row]?.every((loss) => !Number.isNaN(loss)),
        );
        const beats = (one: number[] = [], other: number[] = []) =>
          one.every((loss, index) => loss <= (other[index] ?? 0)) &&
          one.some((loss, index) => loss < (other[index] ?? 0));
        const front = rows.filter(
          (row) => !rows.some((other) => beats(losses[other], losses[row])),
        );
        const found = bestRows(objectives, mask, 100);
        expect([...found].sort((one, other) => one - other)).toEqual(front);
        const some = bestRows(objectives, mask, 3);
        expect(some).toHaveLength(Math.min(3, front.length));
        for (const row of some) expect(front).toContain(row);
      },
    ),
  );
});
