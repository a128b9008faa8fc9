import { expect, test } from "vitest";
import { fieldOf, problemAt, problemsWithin } from "./sweepConfigProblems";

const problems = [
  { field: "metrics[0].name", description: "is required" },
  { field: "parameters.x.values[2]", description: "appears twice" },
  { field: "parameters.x", description: "is odd" },
  { field: "parameters.xy.min", description: "must be a number" },
];

test("paths are written as the server writes them", () => {
  expect(fieldOf(["metrics", 0, "name"])).toBe("metrics[0].name");
  expect(fieldOf(["parameters", "a.b", "min"])).toBe("parameters.a.b.min");
});

test("a problem of an item is one of its list, with its place", () => {
  expect(problemAt(problems, ["metrics", 0, "name"])).toBe("is required");
  expect(problemAt(problems, ["parameters", "x", "values"])).toBe("[2]: appears twice");
  expect(problemAt(problems, ["parameters", "x"])).toBe("is odd");
  expect(problemAt(problems, ["parameters", "y"])).toBeUndefined();
  expect(problemAt(problems, ["metrics"])).toBeUndefined();
});

test("the problems within a parameter are not those of one whose name begins alike", () => {
  expect(problemsWithin(problems, ["parameters", "x"]).map(({ field }) => field)).toEqual([
    "parameters.x.values[2]",
    "parameters.x",
  ]);
});
