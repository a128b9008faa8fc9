import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ParameterValue,
  ParameterValueSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import { parametersArguments, parametersJson } from "./parameterJson";

function value(kind: ParameterValue["kind"]): ParameterValue {
  return create(ParameterValueSchema, { kind });
}

test("parameters are a JSON object in the order of their names, with all digits", () => {
  const text = parametersJson({
    width: value({ case: "intValue", value: 9_007_199_254_740_993n }),
    lr: value({ case: "doubleValue", value: 0.1234567890123 }),
    layers: value({ case: "jsonValue", value: "[1,2]" }),
    off: value({ case: "boolValue", value: false }),
    none: value({ case: "nullValue", value: 0 }),
    'a "b"': value({ case: "stringValue", value: "x\ny" }),
  });
  expect(text).toContain('"width": 9007199254740993');
  expect(Object.entries(JSON.parse(text))).toEqual([
    ['a "b"', "x\ny"],
    ["layers", [1, 2]],
    ["lr", 0.1234567890123],
    ["none", null],
    ["off", false],
    ["width", 9_007_199_254_740_992],
  ]);
  expect(parametersJson({})).toBe("{}");
});

test("any number and any text come back from the JSON", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.double(), (text, number) => {
      const read = JSON.parse(
        parametersJson({
          text: value({ case: "stringValue", value: text }),
          number: value({ case: "doubleValue", value: number }),
        }),
      );
      expect(read.text).toBe(text);
      const shown = Object.is(number, -0) ? 0 : number;
      expect(read.number).toEqual(Number.isFinite(number) ? shown : String(number));
    }),
  );
});

test("arguments are quoted for a shell", () => {
  expect(
    parametersArguments({
      lr: value({ case: "doubleValue", value: 0.5 }),
      name: value({ case: "stringValue", value: "it's $HOME" }),
      layers: value({ case: "jsonValue", value: "[1, 2]" }),
    }),
  ).toBe(`'--layers=[1, 2]' --lr=0.5 '--name=it'\\''s $HOME'`);
});
