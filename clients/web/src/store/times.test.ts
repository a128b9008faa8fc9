import { expect, test } from "vitest";
import { formatSeconds, formatTime, fromLocalField, toLocalField, zoneName } from "./times";

test.each([
  [0, "0 s"],
  [0.000_05, "0.05 ms"],
  [0.004_29, "4.3 ms"],
  [0.4237, "424 ms"],
  [0.999_7, "1 s"],
  [1.23, "1.2 s"],
  [12.46, "12.5 s"],
  [59.97, "1 min 0 s"],
  [60, "1 min 0 s"],
  [3_599.6, "1 h 0 min"],
  [7_500, "2 h 5 min"],
  [90_000, "1 d 1 h"],
])("%s seconds read %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("a time has its date, and seconds of a day of 24 hours", () => {
  expect(formatTime(new Date(2026, 10, 29, 0, 5, 7).getTime())).toBe("Nov 29, 2026, 00:05:07");
});

test("the zone has a name", () => {
  expect(zoneName(0)).toContain(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

test("a zone on Greenwich time has no offset", () => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const hasOffset = new Date(0).getTimezoneOffset() !== 0;
  expect(zoneName(0) === timeZone).toBe(!hasOffset);
});

test("a local time survives its field", () => {
  const seconds = Date.UTC(2026, 2, 29, 12, 30, 15) / 1000;
  expect(fromLocalField(toLocalField(seconds))).toBe(seconds);
  expect(fromLocalField("")).toBeUndefined();
});
