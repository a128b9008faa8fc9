import { defaultParseSearch, defaultStringifySearch } from "@tanstack/react-router";
import fc from "fast-check";
import { expect, test } from "vitest";
import { idsOf, MOST_COMPARED, parseCompareSearch } from "./compareSearch";

const id = fc.stringMatching(/^[a-z0-9]{12}$/);
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: MOST_COMPARED });

test("a comparison is the same after a way through the address", () => {
  const search = fc.record(
    {
      ids: ids.map((each) => each.join()),
      metric: fc.string({ minLength: 1 }),
      own: fc.constant(true as const),
      config: fc.constant("all" as const),
      log: fc.constant(true as const),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(search, (settings) => {
      const address = defaultStringifySearch(settings);
      expect(parseCompareSearch(defaultParseSearch(address))).toEqual(settings);
    }),
  );
});

test("a list of ids is the text with commas", () => {
  fc.assert(
    fc.property(ids, (each) => {
      expect(parseCompareSearch({ ids: each })).toEqual({ ids: each.join() });
      expect(idsOf({ ids: each.join(", ") })).toEqual(each);
    }),
  );
});

test("ids are kept once, and what is none is ignored", () => {
  expect(idsOf({ ids: "a,b,a,,B!,../c" })).toEqual(["a", "b"]);
  expect(idsOf({ ids: 123456789012 })).toEqual(["123456789012"]);
  expect(idsOf({ ids: [1, null, { a: 1 }, "x"] })).toEqual(["1", "x"]);
  expect(idsOf({})).toEqual([]);
  expect(parseCompareSearch({ ids: "", metric: 7, config: "some", log: "yes" })).toEqual({});
});
