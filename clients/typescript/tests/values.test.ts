import { expect, test } from "vitest";
import {
  float,
  type InputValue,
  InvalidArgumentError,
  parametersOf,
  toParameterValue,
} from "../src/index.js";

test("whole numbers are integers, and float marks the others", () => {
  expect(toParameterValue(1).kind).toEqual({ case: "intValue", value: 1n });
  expect(toParameterValue(float(1)).kind).toEqual({ case: "doubleValue", value: 1 });
  expect(toParameterValue([1, float(1), 0.5]).kind).toEqual({
    case: "jsonValue",
    value: "[1,1.0,0.5]",
  });
});

test("the error of a value names its place", () => {
  expect(() => toParameterValue({ a: [0, Number.NaN] }, "config")).toThrow(
    "config.a[1] is NaN, which can't be sent",
  );
  expect(() => toParameterValue(2 ** 60)).toThrow("write float(");
});

test("what JSON would change or lose is rejected", () => {
  const endless: Record<string, InputValue> = {};
  endless.itself = endless;
  for (const value of [new Date(), new Map(), new Float32Array(2), undefined, () => 1]) {
    expect(() => toParameterValue({ a: value as never }, "config")).toThrow("config.a is a ");
  }
  expect(() => toParameterValue([2n ** 64n])).toThrow(InvalidArgumentError);
  expect(() => toParameterValue([2 ** 60])).toThrow("write float(");
  expect(() => toParameterValue(endless)).toThrow("levels deep");
});

test("an integer that a number can't hold is an error", () => {
  const large = { kind: { case: "intValue", value: 2n ** 60n } } as const;

  expect(() => parametersOf({ x: { $typeName: TYPE, ...large } })).toThrow(InvalidArgumentError);
});

test("a group may have any name", () => {
  const one = toParameterValue(1);
  const read = parametersOf({ "__proto__/x": one, "constructor/y": one });

  expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});

const TYPE = "wanllmdb.api.registry.v1.ParameterValue";
