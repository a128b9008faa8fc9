import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TemplateSchema } from "../gen/wanllmdb/api/registry/v1/template_service_pb";
import {
  changedPaths,
  draftOf,
  mentionsOf,
  NEW_TEMPLATE,
  placeholdersOf,
  templateOf,
  valuesOf,
  withPlaceholder,
} from "./templateDraft";

function int(value: number) {
  return { kind: { case: "intValue" as const, value: BigInt(value) } };
}

const TEMPLATE = create(TemplateSchema, {
  name: "vision",
  description: "For pictures.",
  configText: "run_cap: $(runs)\nprogram: $(program)\n",
  placeholders: [
    { name: "runs", description: "How many.", default: int(50) },
    {
      name: "program",
      description: "What runs.",
      example: { kind: { case: "stringValue", value: "a b.py" } },
    },
  ],
});

test.each([
  ["a: $(x)\nb: [$(y), $(x)]", ["x", "y"]],
  ["$(key): 1", ["key"]],
  ["a: pre-$(x)-$(y)", ["x", "y"]],
  ["a: 1 # $(comment)", []],
  ["a: $HOME", []],
  ["a: {b: $(x)", ["x"]],
  ["", []],
])("the config %j mentions %j", (text, names) => {
  expect(mentionsOf(text)).toEqual(names);
});

test("each mentioned name has one row, and no other has one", () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/);
  const cases = fc.tuple(fc.uniqueArray(name), fc.array(name, { maxLength: 6 }));
  fc.assert(
    fc.property(cases, ([described, mentioned]) => {
      const draft = {
        ...NEW_TEMPLATE,
        configText: `list: [${mentioned.map((each) => `$(${each})`).join(", ")}]`,
        placeholders: described.map((each) => ({
          name: each,
          description: each,
          default: "1",
          example: "",
        })),
      };
      const rows = placeholdersOf(draft);
      expect(rows.map((row) => row.name).sort()).toEqual([...new Set(mentioned)].sort());
      for (const row of rows) {
        expect(row.description).toBe(described.includes(row.name) ? row.name : "");
      }
    }),
  );
});

test("a template without a change comes back as it was", () => {
  const draft = draftOf(TEMPLATE);
  expect(changedPaths(TEMPLATE, draft)).toEqual([]);
  const made = templateOf(draft);
  if ("wrong" in made) throw new Error(JSON.stringify(made.wrong));
  expect(create(TemplateSchema, made)).toEqual(TEMPLATE);
});

test("the mask has what changed, the placeholders also when the text drops one", () => {
  const draft = draftOf(TEMPLATE);
  expect(changedPaths(TEMPLATE, { ...draft, description: "" })).toEqual(["description"]);
  expect(changedPaths(TEMPLATE, { ...draft, configText: "run_cap: $(runs)\n" })).toEqual([
    "config_text",
    "placeholders",
  ]);
  const runs = { name: "runs", description: "How many.", default: "60", example: "" };
  expect(changedPaths(TEMPLATE, withPlaceholder(draft, runs))).toEqual(["placeholders"]);
});

test("what a placeholder said comes back with its mention", () => {
  const draft = { ...draftOf(TEMPLATE), configText: "run_cap: 1" };
  expect(placeholdersOf(draft)).toEqual([]);
  expect(placeholdersOf({ ...draft, configText: "run_cap: $(runs)" })[0]?.default).toBe("50");
});

test("a placeholder needs a default or an example, and each must be one value", () => {
  const draft = { ...draftOf(TEMPLATE), name: "New One", configText: "a: $(new)\nb: $(runs)" };
  const bad = { name: "runs", description: "", default: "1, 2", example: "" };
  expect(templateOf(withPlaceholder(draft, bad))).toEqual({
    wrong: {
      name: expect.stringContaining("lower-case"),
      placeholders: {
        new: expect.stringContaining("default"),
        runs: expect.stringContaining("no single value"),
      },
    },
  });
});

test("a preview has the user's values with their types, and examples where a value is needed", () => {
  const example = TEMPLATE.placeholders[1]?.example;
  expect(valuesOf(TEMPLATE, {})).toEqual({ values: { program: example }, wrong: [] });
  expect(valuesOf(TEMPLATE, { runs: "7", program: "x.py" }).values).toEqual({
    runs: int(7),
    program: { kind: { case: "stringValue", value: "x.py" } },
  });
  expect(valuesOf(TEMPLATE, { runs: "7, 8" }).wrong).toEqual(["runs"]);
});
