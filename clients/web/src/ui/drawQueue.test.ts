import { expect, test, vi } from "vitest";
import { drawSoon } from "./drawQueue";

test("drawings come in their order, each in its own task, without those taken back", () => {
  vi.useFakeTimers();
  const drawn: string[] = [];
  drawSoon(() => drawn.push("first"));
  const takeBack = drawSoon(() => drawn.push("second"));
  drawSoon(() => drawn.push("third"));
  takeBack();
  expect(drawn).toEqual([]);
  vi.advanceTimersToNextTimer();
  expect(drawn).toEqual(["first"]);
  vi.runAllTimers();
  expect(drawn).toEqual(["first", "third"]);
  vi.useRealTimers();
});

test("a drawing that fails does not keep the next one from being drawn", () => {
  vi.useFakeTimers();
  const drawn: string[] = [];
  drawSoon(() => {
    throw new Error("no context");
  });
  drawSoon(() => drawn.push("next"));
  expect(() => vi.advanceTimersToNextTimer()).toThrow("no context");
  vi.runAllTimers();
  expect(drawn).toEqual(["next"]);
  vi.useRealTimers();
});
