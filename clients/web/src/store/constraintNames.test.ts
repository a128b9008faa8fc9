import { expect, test } from "vitest";
import { renameInConstraint } from "./constraintNames";

test("a constraint follows the parameter that it names", () => {
  expect(renameInConstraint("lr < 0.1 and lr_2 > lr", "lr", "rate")).toBe(
    "rate < 0.1 and lr_2 > rate",
  );
  expect(renameInConstraint("opt.lr < max(opt.lr, x)", "opt/lr", "opt/rate")).toBe(
    "opt.rate < max(opt.rate, x)",
  );
  expect(renameInConstraint("opt.lr < option", "opt", "rule")).toBe("rule.lr < option");
  expect(renameInConstraint("x.lr < 1", "lr", "rate")).toBe("x.lr < 1");
});

test("texts and functions are no names", () => {
  expect(renameInConstraint(`kind == "lr" or min(lr, 1) > 0`, "lr", "x")).toBe(
    `kind == "lr" or min(x, 1) > 0`,
  );
  expect(renameInConstraint("min(min, 1) > 0", "min", "least")).toBe("min(least, 1) > 0");
});

test("a name that is no identifier is quoted", () => {
  expect(renameInConstraint("norm or x", "norm", "layer-norm")).toBe('p["layer-norm"] or x');
  expect(renameInConstraint('p["layer-norm"] or x', "layer-norm", "norm")).toBe('p["norm"] or x');
  expect(renameInConstraint("p['opt/lr'] < 1", "opt/lr", "opt/rate")).toBe('p["opt/rate"] < 1');
});
