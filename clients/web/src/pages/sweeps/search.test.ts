import { expect, test } from "vitest";
import { parseSweepsSearch } from "./search";

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
