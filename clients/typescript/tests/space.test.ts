import { expect, expectTypeOf, test } from "vitest";
import {
  bayes,
  choice,
  constant,
  float,
  grid,
  InvalidArgumentError,
  int,
  logUniform,
  type Params,
  quantized,
  random,
  uniform,
} from "../src/index.js";

const LOSS = { minimize: "loss" } as const;

test("the types of a run's parameters follow from the space", () => {
  const space = {
    lr: logUniform(1e-4, 0.1),
    layers: int(1, 4),
    optimizer: choice(["adam", "sgd", 1, float(1)]),
    momentum: uniform(0, 1).when({ optimizer: ["sgd"] }),
    model: { width: int(8, 64), bias: constant(true) },
  };

  expectTypeOf<Params<typeof space>>().toEqualTypeOf<{
    readonly lr: number;
    readonly layers: number;
    readonly optimizer: number | "adam" | "sgd";
    readonly momentum: number | undefined;
    readonly model: { readonly width: number; readonly bias: true };
  }>();
});

test("groups become names with slashes, ordered by name", () => {
  const spec = random(LOSS, { b: { y: int(0, 1), x: int(0, 1) }, a: int(0, 1) }).toSpec();

  expect(spec.searchSpace?.parameters.map(({ name }) => name)).toEqual(["a", "b/x", "b/y"]);
});

test("each method returns another sweep", () => {
  const sweep = bayes(LOSS, { x: uniform(0, 1) });
  const limited = sweep.runCap(5).hyperband({ minIter: 2 });

  expect(sweep.toSpec().runCap).toBeUndefined();
  expect(limited.toSpec().runCap).toBe(5n);
  expect(limited.toSpec().earlyTermination?.rule.case).toBe("hyperband");
});

test("bounds of integers are integers, and the error names the bound", () => {
  expect(() => int(0.5, 2)).toThrow(InvalidArgumentError);
  expect(() => int(0.5, 2)).toThrow("min is 0.5");
  const sweep = grid(LOSS, { x: int(0, 1) });
  expect(() => sweep.runCap(1.5)).toThrow("runCap is 1.5");
  expect(() => sweep.retries({ lost: 2 ** 31 })).toThrow("lost is 2147483648");
  expect(() => sweep.hyperband({ minIter: 1, s: 0.5 })).toThrow("s is 0.5");
});

test("only continuous distributions are rounded", () => {
  expect(() => quantized(int(0, 9), 2)).toThrow(InvalidArgumentError);
});
