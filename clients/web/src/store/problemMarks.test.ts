import fc from "fast-check";
import { expect, test } from "vitest";
import { marksOf } from "./problemMarks";

const TEXT =
  'method: bayes\nparameters:\n  "a 😀 b": {min: x1, max: 2}\n  c: {values: [1, 𝒳y, 3]}\n';

const marked = (line: number, column: number) => {
  const [mark] = marksOf(TEXT, [{ field: "f", description: "d", line, column }]);
  return mark && TEXT.slice(mark.from, mark.to);
};

test("a problem is marked at its key or item", () => {
  expect(marked(1, 1)).toBe("method");
  expect(marked(3, 3)).toBe('"a 😀 b"');
  // Columns count characters, of which 😀 is one.
  expect(marked(3, 13)).toBe("min");
  expect(marked(4, 19)).toBe("𝒳y");
});

test("a problem without a place has no mark", () => {
  expect(marksOf(TEXT, [{ field: "f", description: "d" }])).toEqual([]);
  expect(marksOf("", [{ field: "f", description: "d", line: 9, column: 1 }])).toEqual([]);
});

test("marks lie within the text, in order", () => {
  const place = fc.record({ line: fc.integer({ min: 1, max: 8 }), column: fc.nat(40) });
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.array(place), (text, places) => {
      const problems = places.map((each) => ({ field: "f", description: "d", ...each }));
      let before = 0;
      for (const { from, to } of marksOf(text, problems)) {
        expect(from).toBeGreaterThanOrEqual(before);
        expect(to).toBeLessThanOrEqual(text.length);
        before = from;
      }
    }),
  );
});
