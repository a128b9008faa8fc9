import { expect, test } from "vitest";
import { isFiltered, parseSweepsSearch } from "./search";

test("filters are read out of the address", () => {
  expect(
    parseSweepsSearch({ project: "vision", query: "adam", states: ["running", "paused"] }),
  ).toEqual({ project: "vision", query: "adam", states: ["running", "paused"] });
});

test("what is no filter is ignored, so that an old or mistyped address still shows a list", () => {
  expect(parseSweepsSearch({ project: 7, query: "", states: "running", other: true })).toEqual({});
  expect(parseSweepsSearch({ states: ["running", "asleep", 3, "running"] })).toEqual({
    states: ["running"],
  });
  expect(parseSweepsSearch({ states: [] })).toEqual({});
});

test("names of Object's own are no states", () => {
  expect(parseSweepsSearch({ states: ["constructor", "toString"] })).toEqual({});
});

test("methods, the day and the order are read, and nonsense is not", () => {
  const search = { methods: ["bayes", "magic"], since: "2026-11-29", order: "runs", before: 5 };
  expect(parseSweepsSearch(search)).toEqual({ ...search, methods: ["bayes"] });
  expect(
    parseSweepsSearch({ since: "2026-13-45", order: "toString", before: -1, methods: "bayes" }),
  ).toEqual({});
  expect(parseSweepsSearch({ order: "newest", before: 1.5, since: 3 })).toEqual({});
});

test("an order and a page are no filters", () => {
  expect(isFiltered({ order: "runs", before: 7 })).toBe(false);
  expect(isFiltered({ order: "runs", query: "a" })).toBe(true);
});
