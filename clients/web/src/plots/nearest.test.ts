import { expect, test } from "vitest";
import { nearestRow } from "./nearest";

const AXES = [
  { x: 10, bins: Uint16Array.of(0, 50, 100) },
  { x: 110, bins: Uint16Array.of(100, 50, 0) },
  { x: 210, bins: Uint16Array.of(20, 20, 90) },
];
const ALL = Uint8Array.of(1, 1, 1);

test.each([
  [12, 1, 0],
  [12, 99, 2],
  [108, 48, 1],
  [209, 88, 2],
])("at %s, %s the nearest run is that of row %s", (x, y, row) => {
  expect(nearestRow(AXES, ALL, x, y, 10)).toBe(row);
});

test("what the filter leaves out, what is far and what is outside of the axes is not found", () => {
  expect(nearestRow(AXES, Uint8Array.of(0, 1, 1), 12, 1, 10)).toBeUndefined();
  expect(nearestRow(AXES, ALL, 12, 25, 10)).toBeUndefined();
  expect(nearestRow(AXES, ALL, 5, 0, 10)).toBeUndefined();
  expect(nearestRow(AXES, ALL, 215, 20, 10)).toBeUndefined();
  expect(nearestRow([], ALL, 0, 0, 10)).toBeUndefined();
});
