import { expect, test } from "vitest";
import { pathOf, placeAfterKey } from "./marks";

test("keys go through the marks and stop at the ends", () => {
  expect(placeAfterKey("ArrowRight", -1, 3)).toBe(0);
  expect(placeAfterKey("ArrowLeft", -1, 3)).toBe(2);
  expect(placeAfterKey("ArrowDown", 2, 3)).toBe(2);
  expect(placeAfterKey("ArrowUp", 0, 3)).toBe(0);
  expect(placeAfterKey("PageDown", 0, 100)).toBe(5);
  expect(placeAfterKey("End", 0, 100)).toBe(99);
  expect(placeAfterKey("Home", 50, 100)).toBe(0);
});

test("other keys and a drawing without marks lead nowhere", () => {
  expect(placeAfterKey("a", 0, 3)).toBeUndefined();
  expect(placeAfterKey("ArrowRight", -1, 0)).toBeUndefined();
});

test("a path goes through its points, and is broken where there is none", () => {
  expect(pathOf([0, 1, 2, 3, 4], [5, 6, Number.NaN, 8, 9])).toBe(
    "M0.0 5.0L1.0 6.0M3.0 8.0L4.0 9.0",
  );
  expect(pathOf([], [])).toBe("");
});
