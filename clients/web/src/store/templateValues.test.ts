import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { TemplateSchema } from "../gen/wanllmdb/api/registry/v1/template_service_pb";
import { exampleOf, needsValues, valuesOf } from "./templateValues";

const TEMPLATE = create(TemplateSchema, {
  placeholders: [
    { name: "metric", default: { kind: { case: "stringValue", value: "loss" } } },
    { name: "runs", example: { kind: { case: "intValue", value: 50n } } },
    { name: "free" },
  ],
});

test("defaults stand in for what is empty, and required values are asked for", () => {
  expect(needsValues(TEMPLATE)).toBe(true);
  expect(TEMPLATE.placeholders.map(exampleOf)).toEqual(["loss", "for example 50", ""]);
  expect(valuesOf(TEMPLATE, {})).toEqual({
    values: {},
    problems: { runs: "A value is required.", free: "A value is required." },
  });
});

test("a value has the type of the default or the example, or that of YAML", () => {
  const { values, problems } = valuesOf(TEMPLATE, {
    metric: "1",
    runs: "12345678901234567",
    free: "[1, 1.0, {a: 12345678901234567890}]",
  });
  expect(problems).toEqual({});
  expect(values).toEqual({
    metric: { kind: { case: "stringValue", value: "1" } },
    runs: { kind: { case: "intValue", value: 12345678901234567n } },
    free: { kind: { case: "jsonValue", value: '[1, 1.0, {"a": 12345678901234567890}]' } },
  });
  expect(valuesOf(TEMPLATE, { runs: "many", free: "true" })).toMatchObject({
    values: { free: { kind: { case: "boolValue", value: true } } },
    problems: { runs: "This is not a value of the right type." },
  });
});
