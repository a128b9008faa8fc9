import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ParameterValueSchema } from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import { parameterText, parseParameter } from "./parameterText";

function parameter(kind: NonNullable<MessageInitShape<typeof ParameterValueSchema>["kind"]>) {
  return create(ParameterValueSchema, { kind });
}

const kinds = fc.oneof(
  fc.string().map((value) => parameter({ case: "stringValue", value })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => parameter({ case: "intValue", value })),
  fc.boolean().map((value) => parameter({ case: "boolValue", value })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => parameter({ case: "doubleValue", value: value + 0 })),
  fc.json().map((value) => parameter({ case: "jsonValue", value: value.trim() })),
  fc.constant(parameter({ case: "nullValue", value: 0 })),
);

test("a value keeps its type and all digits on the way through a field", () => {
  fc.assert(
    fc.property(kinds, (value) => {
      expect(parseParameter(parameterText(value), value)).toEqual(value.kind);
    }),
  );
});

test.each([
  ["12.5", { case: "intValue", value: 3n }, { case: "doubleValue", value: 12.5 }],
  ["many", { case: "intValue", value: 3n }, undefined],
  ["", { case: "doubleValue", value: 1 }, undefined],
  ["Infinity", { case: "doubleValue", value: 1 }, undefined],
  ["yes", { case: "boolValue", value: true }, undefined],
  ["[1,", { case: "jsonValue", value: "[1]" }, undefined],
] as const)("the text %s beside %o means %o", (text, example, expected) => {
  expect(parseParameter(text, parameter(example))).toEqual(expected);
});
