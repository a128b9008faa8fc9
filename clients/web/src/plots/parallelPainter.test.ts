import { expect, test } from "vitest";
import { draftShift } from "./parallelPainter";

test.each([
  [1, 0],
  [20, 0],
  [21, 1],
  [160, 1],
  [161, 2],
  [5_000, 2],
  [Number.POSITIVE_INFINITY, 2],
])("where a picture takes %s ms, a draft halves its sizes %s times", (milliseconds, shift) => {
  expect(draftShift(milliseconds)).toBe(shift);
});
