import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { formatAge, formatDuration, formatPercent, formatValue } from "./format";

test.each([
  [0, "0"],
  [0.123456789, "0.123457"],
  [1234.5678, "1,234.57"],
  [0.00001234, "1.234e-5"],
  [-2_500_000_000, "-2.500e+9"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
])("a value of %s is shown as %s", (value, shown) => {
  expect(formatValue(value)).toBe(shown);
});

test.each([
  [0, "0 s"],
  [59_400, "59 s"],
  [125_000, "2 min 5 s"],
  [3_600_000, "1 h"],
  [3_605_000, "1 h"],
  [90_000_000, "1 d 1 h"],
  [-5, "0 s"],
])("a span of %s ms has its two largest units: %s", (span, shown) => {
  expect(formatDuration(span)).toBe(shown);
});

test.each([
  [0, "now"],
  [45_000, "45 s ago"],
  [125_000, "2 min ago"],
  [90_000_000, "1 d ago"],
])("what happened %s ms ago has one unit: %s", (age, shown) => {
  const now = 1_700_000_000_000;
  expect(formatAge(timestampFromMs(now - age), now)).toBe(shown);
});

test("no time has no age", () => {
  expect(formatAge(undefined, 0)).toBe("");
});

test.each([
  [0, "0%"],
  [0.00001, "<0.1%"],
  [0.0256, "2.6%"],
  [1, "100%"],
])("a share of %s is shown as %s", (share, shown) => {
  expect(formatPercent(share)).toBe(shown);
});
