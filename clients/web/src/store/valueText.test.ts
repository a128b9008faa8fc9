import { create } from "@bufbuild/protobuf";
import { NullValue } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ParameterValue,
  ParameterValueSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import { parseValue, parseValues, valuesText, valueText } from "./valueText";

const values: fc.Arbitrary<ParameterValue> = fc
  .oneof(
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => ({ case: "doubleValue" as const, value })),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((value) => ({ case: "intValue" as const, value })),
    fc
      .oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.constantFrom("true", "null", "1", ""))
      .map((value) => ({ case: "stringValue" as const, value })),
    fc.boolean().map((value) => ({ case: "boolValue" as const, value })),
    fc.constant({ case: "nullValue" as const, value: NullValue.NULL_VALUE }),
    fc
      .oneof(fc.array(fc.integer()), fc.dictionary(fc.string({ minLength: 1 }), fc.boolean()))
      .map((value) => ({ case: "jsonValue" as const, value: JSON.stringify(value) })),
  )
  .map((kind) => create(ParameterValueSchema, { kind }));

test("values keep their type and all digits on the way through a text", () => {
  fc.assert(
    fc.property(fc.array(values), (list) => {
      const read = parseValues(valuesText(list))?.map((init) => create(ParameterValueSchema, init));
      expect(read).toEqual(list);
    }),
  );
});

test("words need no quotation marks, and what is YAML alone becomes JSON", () => {
  expect(parseValues("adam, 1, 1.0, {a: 1}")?.map(({ kind }) => kind)).toEqual([
    { case: "stringValue", value: "adam" },
    { case: "intValue", value: 1n },
    { case: "doubleValue", value: 1 },
    { case: "jsonValue", value: '{"a":1}' },
  ]);
  expect(
    valueText(create(ParameterValueSchema, { kind: { case: "stringValue", value: "adam" } })),
  ).toBe("adam");
});

test("what is no list, or no single value, is none", () => {
  expect(parseValues("1], [2")).toBeUndefined();
  expect(parseValues("{a: ")).toBeUndefined();
  expect(parseValues("9223372036854775808")).toBeUndefined();
  expect(parseValue("1, 2")).toBeUndefined();
  expect(parseValue("")).toBeUndefined();
});
