import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROTOCOL } from "../src/core/protocol.js";

const PAGE = readFileSync(new URL("../../PROTOCOL.md", import.meta.url), "utf8");

test("the constants are those of the page", () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| ([0-9., ]+) \| `/gm)];
  const ofPage = Object.fromEntries(
    rows.map(([, name = "", value = ""]) => {
      const numbers = value.split(",").map(Number);
      return [camelCase(name), numbers.length === 1 ? numbers[0] : numbers];
    }),
  );

  expect(rows.length).toBeGreaterThan(50);
  expect(PROTOCOL).toEqual(ofPage);
});

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
