import { expect, test } from "vitest";
import { csvOf, fileName } from "./chartTable";

test("a table becomes CSV whose missing values are empty", () => {
  const rows = [
    [1n, 0.25, "a,b"],
    [2n, Number.NaN, undefined],
    [3n, -1e-9, 'say "x"'],
  ];
  expect(csvOf({ head: ["run", "loss", "note"], rows })).toBe(
    'run,loss,note\r\n1,0.25,"a,b"\r\n2,,\r\n3,-1e-9,"say ""x"""\r\n',
  );
});

test("a text that a spreadsheet would run as a formula is marked as text", () => {
  expect(csvOf({ head: ["name"], rows: [["=1+1"], ["-x"], [-1]] })).toBe(
    "name\r\n'=1+1\r\n'-x\r\n-1\r\n",
  );
});

test("a file's name has no separators of folders", () => {
  expect(fileName("../My sweep", "optimization history")).toBe("my-sweep-optimization-history");
  expect(fileName("/")).toBe("chart");
});
