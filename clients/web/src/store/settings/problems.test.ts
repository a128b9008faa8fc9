import { expect, test } from "vitest";
import { placeProblems, settingOfField } from "./problems";

const PRESENT = {
  "values:lr": "1, 2",
  "min:lr/min": "0",
  "max:lr/min": "1",
  "q:lr/min": "",
  "min:a.b": "0",
};

function settingOf(field: string, edits = {}) {
  return settingOfField(
    field,
    { present: PRESENT, edits },
    ["loss", "cost"],
    ["lr", "lr/min", "a.b"],
  );
}

test.each([
  ["sweep.name", "name"],
  ["run_cap", "run_cap"],
  ["retries.lost", "retries_lost"],
  ["early_terminate.min_iter", "stopping"],
  ["pruner.options.n_startup_trials", "stopping"],
  ["terminate.options.patience", "terminator"],
  ["metric.target", "target:loss"],
  ["metrics[1].target", "target:cost"],
  ["sweep.spec.metrics[1].name", "target:cost"],
  ["parameters.lr", "values:lr"],
  ["parameters.lr.values[3]", "values:lr"],
  ["parameters.lr.parameters.min", "min:lr/min"],
  ["parameters.lr.parameters.min.max", "max:lr/min"],
  ["parameters.a.b", "min:a.b"],
  ["parameters.unknown", undefined],
  ["update_mask", undefined],
])("a problem of %s stands at %s", (field, key) => {
  expect(settingOf(field)).toBe(key);
});

test("a problem of a whole parameter stands at what the user changed of it", () => {
  const field = "parameters.lr.parameters.min";
  expect(settingOf(field, { "max:lr/min": "0.5", "q:lr": "1" })).toBe("max:lr/min");
});

test("with the space as a text, its problems stand there with their paths", () => {
  const edits = { space: "{}" };
  const problems = [{ field: "parameters.lr", description: "was removed" }];
  expect(placeProblems(problems, (field) => settingOf(field, edits)).placed).toEqual({
    space: "parameters.lr was removed",
  });
  expect(settingOf("constraints", edits)).toBe("space");
  expect(settingOf("run_cap", edits)).toBe("run_cap");
});

test("a problem of a rule names the option", () => {
  const problems = [
    { field: "pruner.options.n_startup_trials", description: "must be an integer" },
    { field: "terminate", description: "needs a metric" },
  ];
  expect(placeProblems(problems, (field) => settingOf(field)).placed).toEqual({
    stopping: "n_startup_trials must be an integer",
    terminator: "needs a metric",
  });
});

test("several problems of one setting stand together, and those of none are listed", () => {
  const problems = [
    { field: "run_cap", description: "is low" },
    { field: "run_cap", description: "is odd" },
    { field: "update_mask", description: "is empty" },
  ];
  expect(placeProblems(problems, (field) => settingOf(field))).toEqual({
    placed: { run_cap: "is low; is odd" },
    others: [{ field: "update_mask", description: "is empty" }],
  });
});
