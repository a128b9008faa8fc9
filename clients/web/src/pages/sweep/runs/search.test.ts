import { expect, test } from "vitest";
import { orderOf, parseRunsSearch, sortOf } from "./search";

test("the table's settings are read out of the address", () => {
  const search = { sort: "-objective:loss", columns: ["parameter:lr", "objective:loss"], run: 0 };
  expect(parseRunsSearch(search)).toEqual(search);
});

test("what is no setting is ignored", () => {
  expect(parseRunsSearch({ sort: 1, columns: "parameter:lr", run: -1, states: [] })).toEqual({});
  expect(parseRunsSearch({ columns: [3, "", "a", "a"], run: 1.5 })).toEqual({ columns: ["a"] });
});

test.each(["number", "-number", "-parameter:-x", "parameter:-x"])("the order %s", (sort) => {
  expect(sortOf(orderOf({ sort }))).toBe(sort);
});

test("the newest runs come first by default", () => {
  expect(orderOf({})).toEqual({ key: "number", isDescending: true });
});
