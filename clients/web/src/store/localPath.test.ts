import { expect, test } from "vitest";
import { localPath } from "./localPath";

test.each(["/sweeps", "/sweeps/abc123?tab=runs"])("%s is a page of the dashboard", (path) => {
  expect(localPath(path)).toBe(path);
});

test.each([
  "https://evil.example",
  "//evil.example",
  "/\\evil.example",
  "javascript:alert(1)",
  "",
  undefined,
  7,
])("%s is replaced by the list of sweeps", (path) => {
  expect(localPath(path)).toBe("/sweeps");
});
