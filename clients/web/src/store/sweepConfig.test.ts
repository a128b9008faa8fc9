import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { BLANK, type ParameterForm, readForm } from "./sweepConfig";
import { DISTRIBUTIONS } from "./sweepConfigDistributions";
import {
  addMetric,
  removeAt,
  setAlgorithm,
  setOption,
  setStopping,
  setText,
  setValue,
} from "./sweepConfigEdits";
import {
  addCondition,
  addGroup,
  addParameter,
  duplicate,
  move,
  removeCondition,
  removeConstraint,
  renameParameter,
  setCondition,
  setConstraint,
  setDistribution,
} from "./sweepConfigSpaceEdits";
import { asYaml } from "./sweepConfigText";

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
  expect(form).toMatchObject({
    top: { name: "digits", run_cap: "200" },
    sampler: { name: "tpe", options: { n_startup_trials: "20" } },
    stopping: "hyperband",
    hyperband: { min_iter: "3" },
    constraints: ["epochs < 30"],
    otherKeys: ["launch"],
  });
  expect(form?.metrics).toMatchObject([{ name: "val_loss", target: "0.05", value: "best" }]);
  expect(parameter(WHOLE, "lr")).toMatchObject({
    groups: ["optimizer"],
    distribution: "log_uniform",
    fields: { min: "1e-4", max: "0.10" },
  });
  expect(parameter(WHOLE, "kind").fields.values).toBe('adam, "1", 1, 1.0');
  expect(parameter(WHOLE, "momentum")).toMatchObject({
    distribution: "uniform",
    when: [{ name: "kind", values: "sgd" }],
  });
  expect(parameter(WHOLE, "text").fields.value).toBe('"20"');
  expect(parameter(WHOLE, "optimizer").distribution).toBe("group");
});

test("an edit changes its line and no other one, comments and long integers included", () => {
  const changed = setValue(WHOLE, ["run_cap"], "300");
  expect(changed).toBe(WHOLE.replace("run_cap: 200", "run_cap: 300"));
  expect(setText(WHOLE, ["name"], "letters")).toBe(WHOLE.replace("digits", "letters"));
  expect(renameParameter(WHOLE, ["parameters", "epochs"], "rounds")).toBe(
    WHOLE.replaceAll("epochs", "rounds"),
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
  expect(renameParameter(WHOLE, ["parameters", "epochs"], "big")).toBe(WHOLE);
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
  expect(readForm(median)).toMatchObject({ stopping: "pruner", pruner: { name: "median" } });
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
      const there = renameParameter(BLANK, ["parameters", "lr"], `n${word}`);
      expect(renameParameter(there, ["parameters", `n${word}`], "lr")).toBe(BLANK);
    }),
  );
});

const EXACT = `# A header.

parameters:
    small: { distribution: log_uniform_values, min: 1e-5, max: 1.0e-2 }   # as typed


    huge: { value: 123456789012345678901234567890 }
    flag: { values: [true, "true", null, "null", 0x10, 1e3] }
    listed:
        values:
        - adam  # the first
        - sgd
constraints:
- small < 1  # always
launch: { image: 'a:1' }
`;

test("an edit within a line leaves every other character as it is", () => {
  const lr = ["parameters", "small"];
  expect(setValue(EXACT, [...lr, "min"], "2e-6")).toBe(EXACT.replace("1e-5", "2e-6"));
  expect(setText(EXACT, [...lr, "distribution"], "uniform")).toBe(
    EXACT.replace("log_uniform_values", "uniform"),
  );
  expect(parameter(EXACT, "flag").fields.values).toBe('true, "true", null, "null", 0x10, 1e3');
  expect(setValue(EXACT, ["parameters", "flag", "values"], "1, 2")).toBe(
    EXACT.replace('true, "true", null, "null", 0x10, 1e3', "1, 2"),
  );
});

test("an edit of the structure keeps numbers, comments, and the author's style", () => {
  const more = addParameter(EXACT);
  for (const part of ["1e-5", "1.0e-2", "0x10", "1e3", "123456789012345678901234567890"]) {
    expect(more).toContain(part);
  }
  expect(more).toContain("# as typed");
  expect(more).toContain("\n    small: { distribution: log_uniform_values, min: 1e-5");
  expect(more).toMatch(/\n *- small < 1 # always/);
  expect(addParameter("parameters:\n  x:\n    values:\n    - 1\n")).toContain("\n    - 1\n");
  expect(more).toContain("\n    parameter_1: { min: 0, max: 10 }\n");
});

test("a list in lines keeps its lines and the comments of the items that stay", () => {
  const changed = setValue(EXACT, ["parameters", "listed", "values"], "adam, lion") ?? "";
  expect(changed).toMatch(/- adam {1,2}# the first\n\s+- lion\n/);
});

test("conditions are added, changed and removed with their last one", () => {
  const path = ["parameters", "x"];
  const text = "parameters:\n  kind: {values: [a, b]}\n  x: {min: 0, max: 1}\n";
  const one = addCondition(text, path, "kind", "a");
  expect(parse(one).parameters.x.when).toEqual({ kind: "a" });
  const two = setCondition(one, path, "kind", "a, b") ?? "";
  expect(parse(two).parameters.x.when).toEqual({ kind: ["a", "b"] });
  expect(parameter(two, "x").when).toEqual([{ name: "kind", values: "a, b" }]);
  expect(setCondition(two, path, "kind", "[1, 2]") ?? "").toContain("kind: [[1, 2]]");
  expect(setCondition(two, path, "kind", "[1")).toBeUndefined();
  expect(removeCondition(two, path, "kind")).toBe(text);
});

test("constraints are added, changed and removed with the list", () => {
  const one = setConstraint(BLANK, 0, "lr < 0.01");
  const two = setConstraint(one, 1, "batch_size > 16");
  expect(readForm(two)?.constraints).toEqual(["lr < 0.01", "batch_size > 16"]);
  expect(removeConstraint(removeConstraint(two, 0), 0)).toBe(BLANK);
});

test("options come and go with `options`", () => {
  const tpe = setAlgorithm(BLANK, "sampler", "tpe");
  const set = setOption(tpe, "sampler", "n_startup_trials", "5") ?? "";
  expect(readForm(set)?.sampler).toEqual({ name: "tpe", options: { n_startup_trials: "5" } });
  expect(setOption(set, "sampler", "n_startup_trials", "")).toBe(tpe);
  expect(setOption(set, "sampler", "n_startup_trials", "[")).toBeUndefined();
  expect(setAlgorithm(tpe, "sampler", "")).toBe(BLANK);
});

test("parameters are moved, copied and grouped", () => {
  const names = (text: string) => readForm(text)?.parameters.map(({ name }) => name);
  const moved = move(BLANK, ["parameters", "lr"], 1);
  expect(names(moved)).toEqual(["batch_size", "lr"]);
  expect(move(moved, ["parameters", "lr"], -1)).toBe(BLANK);
  expect(move(BLANK, ["parameters", "lr"], -1)).toBe(BLANK);
  const copied = duplicate(duplicate(BLANK, ["parameters", "lr"]), ["parameters", "lr"]);
  expect(names(copied)).toEqual(["lr", "lr_3", "lr_2", "batch_size"]);
  expect(parameter(copied, "lr_3").fields).toEqual(parameter(BLANK, "lr").fields);
  const grouped = readForm(addGroup(BLANK))?.parameters ?? [];
  expect(grouped.at(-1)).toMatchObject({ groups: ["group_1"], name: "parameter_1" });
});

test("JSON becomes YAML of the same values", () => {
  const config = { a: [1, 2], parameters: { x: { value: "1" }, y: { value: "a: b" } }, n: null };
  const text = JSON.stringify({ ...config, big: 0 }).replace(
    '"big":0',
    '"big":12345678901234567890',
  );
  const yaml = asYaml(text);
  expect(yaml).toContain("\nparameters:\n");
  expect(parse(yaml, { intAsBigInt: true })).toEqual(parse(text, { intAsBigInt: true }));
  expect(asYaml(EXACT)).toBe(EXACT);
});

const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom("1e-5", "1.0e-5", "1E5", "0.10", "010", "+3", "-0.0", "1_000", "1e400"),
);
const item = fc.oneof(
  number,
  fc.constantFrom("true", "null", '"true"', "'null'", "adam", "[1, 2]", "{a: 1}", '"a, b"'),
  fc.string().map((text) => JSON.stringify(text)),
);

test("each distribution comes back from the text as the form has set it", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(DISTRIBUTIONS)),
      fc.constantFrom(BLANK, WHOLE, EXACT, "", "parameters:\n"),
      fc.infiniteStream(number),
      fc.array(item, { minLength: 1, maxLength: 5 }),
      (distribution, start, numbers, items) => {
        const path = ["parameters", "tested"];
        let text = setDistribution(start, path, distribution);
        const set: Record<string, string> = {};
        for (const key of DISTRIBUTIONS[distribution] ?? []) {
          const typed =
            key === "values"
              ? items.join(", ")
              : key === "value"
                ? (items[0] ?? "1")
                : key === "probabilities"
                  ? items.map(() => numbers.next().value).join(", ")
                  : (numbers.next().value ?? "1");
          text = setValue(text, [...path, key], typed) ?? "the text was not taken";
          set[key] = typed;
        }
        const shown = parameter(text, "tested");
        expect(shown.distribution).toBe(distribution);
        expect(shown.fields).toEqual(set);
        const before = readForm(start);
        expect(readForm(text)?.parameters.slice(0, -1)).toEqual(before?.parameters);
        expect(readForm(text)?.otherKeys).toEqual(before?.otherKeys);
      },
    ),
  );
});

test("names with odd characters stay what they are", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const text = setValue(BLANK, ["parameters", `x${name}`, "value"], "1") ?? "";
      expect(readForm(text)?.parameters.at(-1)).toMatchObject({
        name: `x${name}`,
        fields: { value: "1" },
      });
    }),
  );
});

test("conditions follow the parameter that they name", () => {
  const text = `parameters:
  kind: {values: [a, b]}
  x: {min: 0, max: 1, when: {kind: a}}
  y: {min: 0, max: 1, when: {/kind: a, opt/kind: b}}
  opt:
    parameters:
      kind: {values: [a, b]}
      z: {min: 0, max: 1, when: {kind: a, /kind: b}}
`;
  expect(renameParameter(text, ["parameters", "kind"], "sort")).toBe(`parameters:
  sort: {values: [a, b]}
  x: {min: 0, max: 1, when: {sort: a}}
  y: {min: 0, max: 1, when: {/sort: a, opt/kind: b}}
  opt:
    parameters:
      kind: {values: [a, b]}
      z: {min: 0, max: 1, when: {kind: a, /sort: b}}
`);
  const inner = renameParameter(text, ["parameters", "opt", "parameters", "kind"], "sort");
  expect(inner).toContain("when: {/kind: a, opt/sort: b}");
  expect(inner).toContain("when: {sort: a, /kind: b}");
  const group = renameParameter(text, ["parameters", "opt"], "rule");
  expect(group).toContain("when: {/kind: a, rule/kind: b}");
  expect(group).toContain("when: {kind: a, /kind: b}");
  expect(renameParameter(text, ["parameters", "kind"], "x")).toBe(text);
  expect(renameParameter(WHOLE, ["parameters", "epochs"], "rounds")).toContain('["rounds < 30"]');
});
