import { expect, test } from "vitest";
import { notAKey } from "./keyText";

test("a key may be one, with spaces around it too", () => {
  expect(notAKey(" wsk_abc123_s-ecret_X\n")).toBeUndefined();
});

test.each([
  ["", "Enter"],
  ["secret", "starts with wsk_"],
  ["wsk_abc123", "wsk_ID_SECRET"],
  ["wsk_abc_secret wsk_def_secret", "no spaces"],
])("%j is none", (text, said) => {
  expect(notAKey(text)).toContain(said);
});
