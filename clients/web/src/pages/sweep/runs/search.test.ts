import { expect, test } from "vitest";
import { orderOf, parseRunsSearch, sortOf } from "./search";

test("the table's settings are read out of the address", () => {
  const search = {
    sort: "-objective:loss",
    columns: ["parameter:lr", "objective:loss"],
    pinned: ["objective:loss"],
    widths: { "parameter:lr": 200 },
    run: 0,
    compare: [3, 1],
  };
  expect(parseRunsSearch(search)).toEqual(search);
});

test("what is no setting is ignored", () => {
  expect(parseRunsSearch({ sort: 1, columns: "parameter:lr", run: -1, states: [] })).toEqual({});
  expect(parseRunsSearch({ columns: [3, "", "a", "a"], run: 1.5 })).toEqual({ columns: ["a"] });
});

test("no width makes a column vanish, and no address compares too many runs", () => {
  const widths = { a: 1, b: 1e9, c: "100", d: 100.5, e: 120 };
  const compare = [...Array.from({ length: 20 }, (_, number) => number), 1, "2", -1];
  const search = parseRunsSearch({ widths, compare });
  expect(search.widths).toEqual({ e: 120 });
  expect(search.compare).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(parseRunsSearch({ widths: [100], compare: 3 })).toEqual({});
});

test.each(["number", "-number", "-parameter:-x", "parameter:-x"])("the order %s", (sort) => {
  expect(sortOf(orderOf({ sort }))).toBe(sort);
});

test("the newest runs come first by default", () => {
  expect(orderOf({})).toEqual({ key: "number", isDescending: true });
});
