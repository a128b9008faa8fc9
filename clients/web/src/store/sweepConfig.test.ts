import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import {
  addMetric,
  addParameter,
  BLANK,
  DISTRIBUTIONS,
  type ParameterForm,
  readForm,
  removeAt,
  rename,
  setDistribution,
  setStopping,
  setText,
  setValue,
} from "./sweepConfig";

const WHOLE = `# Which optimizer?
name: digits
method: bayes
sampler: {name: tpe, options: {n_startup_trials: 20}}
metric: {name: val_loss, goal: minimize, target: 0.05, value: best}
launch: {image: "a:1"} # for another tool
parameters:
  epochs: {value: 20}
  big: {value: 12345678901234567890}
  text: {value: "20"}
  optimizer:
    parameters:
      kind: {values: [adam, "1", 1, 1.0]}
      lr: {distribution: log_uniform, min: 1e-4, max: 0.10}
      momentum: {min: 0.5, max: 0.99, when: {kind: sgd}}
constraints: ["epochs < 30"]
early_terminate: {type: hyperband, min_iter: 3}
run_cap: 200
`;

function parameter(text: string, name: string): ParameterForm {
  const found = readForm(text)?.parameters.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no parameter ${name}`);
  return found;
}

test("a form shows each value as it is written", () => {
  const form = readForm(WHOLE);
  expect(form).toMatchObject({ name: "digits", sampler: "tpe", stopping: "hyperband" });
  expect(form?.metrics).toMatchObject([{ name: "val_loss", target: "0.05", value: "best" }]);
  expect(parameter(WHOLE, "lr")).toMatchObject({
    groups: ["optimizer"],
    distribution: "log_uniform",
    fields: { min: "1e-4", max: "0.10" },
  });
  expect(parameter(WHOLE, "kind").fields.values).toBe('adam, "1", 1, 1.0');
  expect(parameter(WHOLE, "momentum")).toMatchObject({
    distribution: "uniform",
    when: "{kind: sgd}",
  });
  expect(parameter(WHOLE, "text").fields.value).toBe('"20"');
  expect(parameter(WHOLE, "optimizer").distribution).toBe("group");
});

test("an edit changes its line and no other one, comments and long integers included", () => {
  const changed = setValue(WHOLE, ["run_cap"], "300");
  expect(changed).toBe(WHOLE.replace("run_cap: 200", "run_cap: 300"));
  expect(setText(WHOLE, ["name"], "letters")).toBe(WHOLE.replace("digits", "letters"));
  expect(rename(WHOLE, ["parameters", "epochs"], "rounds")).toBe(
    WHOLE.replace("  epochs:", "  rounds:"),
  );
  expect(removeAt(WHOLE, ["constraints"])).toBe(
    WHOLE.replace('constraints: ["epochs < 30"]\n', ""),
  );
});

test("what is half typed changes nothing", () => {
  expect(setValue(WHOLE, ["parameters", "epochs", "values"], "[1, 2")).toBeUndefined();
  expect(readForm("method: [")).toBeUndefined();
  expect(setText("method: [", ["name"], "x")).toBe("method: [");
  expect(readForm("- 1")).toBeUndefined();
});

test("a rename never overwrites another parameter", () => {
  expect(rename(WHOLE, ["parameters", "epochs"], "big")).toBe(WHOLE);
});

test("a second metric makes a list that keeps the first one", () => {
  const two = addMetric(WHOLE);
  expect(parse(two).metrics[0]).toEqual({
    name: "val_loss",
    goal: "minimize",
    target: 0.05,
    value: "best",
  });
  expect(readForm(addMetric(two))?.metrics.map(({ path }) => path)).toEqual([
    ["metrics", 0],
    ["metrics", 1],
    ["metrics", 2],
  ]);
});

test("an empty text takes edits", () => {
  expect(parse(addParameter(""))).toEqual({ parameters: { parameter_1: { min: 0, max: 10 } } });
  expect(parse(addParameter("parameters:\n"))).toEqual({
    parameters: { parameter_1: { min: 0, max: 10 } },
  });
});

test("early termination by one rule replaces the other one", () => {
  const median = setStopping(WHOLE, "median");
  expect(readForm(median)).toMatchObject({ stopping: "pruner", pruner: "median" });
  expect(readForm(setStopping(median, "hyperband-wandb"))?.stopping).toBe("hyperband");
  expect(readForm(setStopping(median, ""))?.stopping).toBe("");
});

// JSON has no negative zero.
const scalar = fc
  .oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.string({ minLength: 1 }),
  )
  .map((value) => (value === 0 ? 0 : value));
const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);

test("a string comes back from the text, and the rest is as before", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.constantFrom("name", "description"),
      (value, key) => {
        const changed = setText(WHOLE, [key], value);
        expect(parse(changed, { intAsBigInt: true })).toEqual({
          ...parse(WHOLE, { intAsBigInt: true }),
          [key]: value,
        });
      },
    ),
  );
});

test("lists that a form shows and sets again mean the same", () => {
  fc.assert(
    fc.property(fc.array(scalar, { minLength: 1, maxLength: 6 }), (values) => {
      const text = `parameters:\n  x: {values: ${JSON.stringify(values)}}\n`;
      const shown = parameter(text, "x").fields.values ?? "";
      const again = setValue("keep: 1\n", ["parameters", "x", "values"], shown);
      expect(parse(again ?? "")).toEqual({ keep: 1, ...parse(text) });
    }),
  );
});

test("a change of the distribution keeps every key that a form does not know", () => {
  const distribution = fc.constantFrom(...Object.keys(DISTRIBUTIONS));
  fc.assert(
    fc.property(distribution, distribution, name, scalar, (one, other, key, value) => {
      const unknown = { [`x_${key}`]: value, when: { a: 1 } };
      const text = `parameters:\n  x: ${JSON.stringify(unknown)}\n`;
      const changed = setDistribution(
        setDistribution(text, ["parameters", "x"], one),
        ["parameters", "x"],
        other,
      );
      expect(parse(changed).parameters.x).toMatchObject(unknown);
      expect(parameter(changed, "x").distribution).toBe(other);
    }),
  );
});

test("names survive a rename and back", () => {
  fc.assert(
    fc.property(name, (word) => {
      const there = rename(BLANK, ["parameters", "lr"], `n${word}`);
      expect(rename(there, ["parameters", `n${word}`], "lr")).toBe(BLANK);
    }),
  );
});
