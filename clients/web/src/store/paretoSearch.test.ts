import { defaultParseSearch, defaultStringifySearch } from "@tanstack/react-router";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pairOf, parseParetoSearch } from "./paretoSearch";

// Names of metrics are free texts, also such that look like numbers or JSON.
const name = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.constantFrom("1", "true", "null", '"a"', "a&b=c"),
);
const search = fc.record(
  {
    x: name,
    y: name,
    color: name,
    log: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    fit: fc.constant(true as const),
    sort: name,
    reference: fc.dictionary(
      name,
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  },
  { requiredKeys: [] },
);

test("the settings are the same after a way through the address", () => {
  fc.assert(
    fc.property(search, (settings) => {
      const address = defaultStringifySearch(settings);
      expect(parseParetoSearch(defaultParseSearch(address))).toEqual(settings);
    }),
  );
});

test("what is no setting is ignored", () => {
  expect(
    parseParetoSearch({
      x: 3,
      y: "",
      log: "loss",
      fit: "true",
      reference: { loss: "high", size: Number.NaN },
    }),
  ).toEqual({});
  expect(parseParetoSearch({ reference: [1, 2], log: [1, "loss", "loss"] })).toEqual({
    log: ["loss"],
  });
});

test("a pair always has two different metrics of the sweep", () => {
  const names = fc.uniqueArray(fc.constantFrom<string>("a", "b", "c", "d"), { minLength: 2 });
  const chosen = fc.option(fc.constantFrom<string>("a", "b", "c", "d", "e"), { nil: undefined });
  fc.assert(
    fc.property(names, chosen, chosen, (own, x, y) => {
      const pair = pairOf(parseParetoSearch({ x, y }), own);
      expect(new Set(pair).size).toBe(2);
      for (const each of pair ?? []) expect(own).toContain(each);
      if (x !== undefined && own.includes(x)) expect(pair?.[0]).toBe(x);
      if (y !== undefined && y !== x && own.includes(y)) expect(pair?.[1]).toBe(y);
    }),
  );
  expect(pairOf({}, ["loss"])).toBeUndefined();
});
