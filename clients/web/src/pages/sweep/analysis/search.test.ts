import { expect, test } from "vitest";
import { parseAnalysisSearch } from "./search";

test("settings are read, and what is none is ignored", () => {
  const settings = {
    metric: "loss",
    scale: "log",
    x: "lr",
    y: "depth",
    slices: ["lr", "depth"],
    correlation: "spearman",
    curve: "accuracy",
    curves: "selected",
    runs: "0, 3",
    count: 20,
    by: "time",
    from: 0.5,
    to: 3,
    agents: 2,
  };
  expect(parseAnalysisSearch(settings)).toEqual(settings);
  expect(
    parseAnalysisSearch({
      metric: "",
      scale: "cubic",
      x: null,
      slices: [1, ""],
      curves: "worst",
      count: 7,
      by: "mood",
      from: 3,
      to: 1,
      agents: 0.5,
      other: 1,
    }),
  ).toEqual({});
});

test("a name that reads as a number stays a name, and a parameter is shown once", () => {
  expect(parseAnalysisSearch({ x: 5, runs: 12, slices: ["a", "a"] })).toEqual({
    x: "5",
    runs: "12",
    slices: ["a"],
  });
});
