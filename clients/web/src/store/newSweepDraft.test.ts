import { expect, test } from "vitest";
import { readDraft, writeDraft } from "./newSweepDraft";

function store() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

test("a draft comes back until it is forgotten", () => {
  const kept = store();
  expect(readDraft(kept)).toBeUndefined();
  writeDraft(kept, { text: "a: 1", origin: "blank" });
  expect(readDraft(kept)).toEqual({ text: "a: 1", origin: "blank" });
  writeDraft(kept, undefined);
  expect(readDraft(kept)).toBeUndefined();
});

test("what is no draft, and a store that refuses, count as none", () => {
  for (const text of ["{", "1", '{"text": 1}']) {
    expect(readDraft({ ...store(), getItem: () => text })).toBeUndefined();
  }
  const full = {
    ...store(),
    setItem: () => {
      throw new Error("full");
    },
  };
  expect(() => writeDraft(full, { text: "", origin: "" })).not.toThrow();
});
