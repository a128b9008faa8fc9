import { expect, test } from "vitest";
import { shapeOf, summaryOf } from "./parameterShape";
import { readForm } from "./sweepConfig";
import { DISTRIBUTIONS } from "./sweepConfigDistributions";
import { setDistribution } from "./sweepConfigSpaceEdits";

function parameterOf(text: string) {
  const [parameter] = readForm(`parameters:\n  x: ${text}\n`)?.parameters ?? [];
  if (parameter === undefined) throw new Error("there is no parameter");
  return parameter;
}

test("every distribution of the form is drawn from its first values on", () => {
  for (const name of Object.keys(DISTRIBUTIONS)) {
    const text = setDistribution("", ["parameters", "x"], name);
    const [parameter] = readForm(text)?.parameters ?? [];
    expect(parameter && shapeOf(parameter), name).toBeDefined();
    expect(parameter && summaryOf(parameter), name).not.toContain("?");
  }
});

test("choices are drawn as they are written, with their probabilities", () => {
  const shape = shapeOf(parameterOf('{values: ["1", 1, [a, b]], probabilities: [0.5, 0.3, 0.2]}'));
  expect(shape).toEqual({
    kind: "choices",
    total: 3,
    choices: [
      { text: '"1"', probability: 0.5 },
      { text: "1", probability: 0.3 },
      { text: "[a, b]", probability: 0.2 },
    ],
  });
});

test("what is no number is not drawn", () => {
  expect(shapeOf(parameterOf("{min: a, max: 3}"))).toBeUndefined();
  expect(shapeOf(parameterOf("{parameters: {y: {value: 1}}}"))).toBeUndefined();
  expect(shapeOf(parameterOf('{distribution: uniform, min: "1", max: 3}'))).toBeUndefined();
});

test("integers between logarithmic bounds have steps, floats have none", () => {
  expect(shapeOf(parameterOf("{distribution: log_uniform, min: 1, max: 8}"))?.kind).toBe("steps");
  expect(shapeOf(parameterOf("{distribution: log_uniform, min: 1.0, max: 8}"))?.kind).toBe(
    "density",
  );
});
