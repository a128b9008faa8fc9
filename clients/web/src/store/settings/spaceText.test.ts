import fc from "fast-check";
import { expect, test } from "vitest";
import { configOfSpace, readSpace, spaceYaml, textOfSpace, withinText } from "./spaceText";
import { sweeps } from "./testing";

test("a space comes back from its setting as it was", () => {
  fc.assert(
    fc.property(sweeps, ({ spec }) => {
      expect(readSpace(textOfSpace(spec?.searchSpace))).toEqual(spec?.searchSpace);
    }),
  );
});

const EXPORTED = `name: first
method: grid
parameters:
  lr:
    min: 1.0e-05
    max: 12345678901234567890
  # Two of them.
  choices: {values: ["1", 1, 1.0]}
constraints:
- lr < 1
run_cap: 5
`;

test("the text of a space is its part of the config, with every value as it is written", () => {
  expect(spaceYaml(EXPORTED)).toBe(
    `parameters:
  lr:
    min: 1.0e-05
    max: 12345678901234567890
  # Two of them.
  choices: {values: ["1", 1, 1.0]}
constraints:
- lr < 1
`,
  );
  expect(spaceYaml("no object")).toBe("");
});

test("the lines of the text are those of the config that is checked", () => {
  expect(configOfSpace("parameters:\n  a: 1").split("\n").slice(0, 2)).toEqual([
    "parameters:",
    "  a: 1",
  ]);
});

test("a problem behind the end of the text stands at its last line", () => {
  const problems = [1, 9, undefined].map((line) => ({
    field: "config_text",
    description: "ends too early",
    ...(line === undefined ? {} : { line }),
  }));
  expect(withinText(problems, "parameters:\n  a: [\n").map(({ line }) => line)).toEqual([
    1,
    2,
    undefined,
  ]);
});
