import { expect, test } from "vitest";
import { pointColors } from "./pointColors";
import { tableOf } from "./testing";

function columnOf(scale: "linear" | "log" | "category", values: number[], categories = [""]) {
  const column = { key: "parameter:x", scale, values: Float64Array.from(values), categories };
  const [found] = tableOf(
    values.map(() => 3),
    [column],
  ).columns;
  if (found === undefined) throw new Error("the table has no column");
  return found;
}

test("numbers have the share of the range that the matching runs have", () => {
  const column = columnOf("linear", [0, 5, 10, 99, Number.NaN]);
  const colors = pointColors(column, Uint8Array.of(1, 1, 1, 0, 1));
  expect(colors).toMatchObject({
    kind: "range",
    stops: [{ text: "0" }, { text: "2.5" }, { text: "5" }, { text: "7.5" }, { text: "10" }],
  });
  if (colors.kind === "range") expect([...colors.shares]).toEqual([0, 0.5, 1, 9.9, Number.NaN]);
});

test("logarithmic numbers have the share of their logarithm, and a single value the middle", () => {
  const log = pointColors(columnOf("log", [0.01, 0.1, 1]), Uint8Array.of(1, 1, 1));
  if (log.kind !== "range") throw new Error("not by number");
  expect(log.shares[1]).toBeCloseTo(0.5);
  expect(log.stops.map(({ text }) => text)).toEqual(["0.01", "0.0316", "0.1", "0.316", "1"]);
  const single = pointColors(columnOf("linear", [7, 7, Number.NaN]), Uint8Array.of(1, 1, 1));
  if (single.kind === "range") expect([...single.shares]).toEqual([0.5, 0.5, Number.NaN]);
});

test("the rarest categories share the last color", () => {
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
  const values = names.flatMap((_, index) => Array<number>(12 - index).fill(index));
  const colors = pointColors(
    columnOf("category", [...values, Number.NaN], names),
    new Uint8Array(values.length + 1).fill(1),
  );
  expect(colors).toMatchObject({
    names: ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "5 others"],
  });
  if (colors.kind !== "categories") throw new Error("not by category");
  expect([colors.indices[0], colors.indices.at(-2), colors.indices.at(-1)]).toEqual([
    0,
    7,
    Number.NaN,
  ]);
});
