import { clone, create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Sweep, SweepSchema } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { HYPERBAND, ruleText } from "./algorithm";
import { sweeps } from "./testing";
import { type SettingsUpdate, updateOf } from "./update";
import { SPACE, settingsOf, type Texts } from "./values";

const PATH_OF: readonly (readonly [RegExp, string])[] = [
  [/^name$/, "name"],
  [/^description$/, "description"],
  [/^run_cap$/, "spec.run_cap"],
  [/^max_failed_runs$/, "spec.max_failed_runs"],
  [/^retries_/, "spec.retries"],
  [/^stopping$/, "spec.early_termination"],
  [/^terminator$/, "spec.terminator"],
  [/^target:/, "spec.metrics"],
  [/./, "spec.search_space"],
];

/** Two sweeps and, of the settings in which they differ, some of the second one's. */
const changes = fc
  .tuple(sweeps, sweeps, fc.infiniteStream(fc.boolean()))
  .map(([before, other, isTaken]) => {
    const present = settingsOf(before);
    const edits = Object.entries(settingsOf(other)).filter(
      ([key]) =>
        key !== SPACE && isTaken.next().value && (key in present || !key.startsWith("constraint:")),
    );
    return { before, edits: Object.fromEntries(edits) };
  });

/** Does what UpdateSweep does. */
function applied(sweep: Sweep, { name, description, spec, paths }: SettingsUpdate): Sweep {
  const after = clone(SweepSchema, sweep);
  const given = create(SweepSchema, { spec }).spec;
  if (after.spec === undefined || given === undefined) throw new Error("no spec");
  for (const path of paths) {
    if (path === "name") after.name = name;
    else if (path === "description") after.description = description;
    else if (path === "spec.metrics") {
      for (const { name: metric, target } of given.metrics) {
        const known = after.spec.metrics.find((each) => each.name === metric);
        if (known === undefined) throw new Error(`no metric ${metric}`);
        delete known.target;
        if (target !== undefined) known.target = target;
      }
    } else {
      const field = path
        .replace("spec.", "")
        .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof typeof given;
      delete after.spec[field];
      if (given[field] !== undefined) Object.assign(after.spec, { [field]: given[field] });
    }
  }
  return after;
}

test("an update gives the sweep the settings of the draft, and keeps all others", () => {
  fc.assert(
    fc.property(changes, ({ before, edits }) => {
      const update = updateOf(before, edits);
      if ("wrong" in update) throw new Error(JSON.stringify(update.wrong));
      const after = settingsOf(applied(before, update));
      expect(after).toEqual({ ...settingsOf(before), ...edits, [SPACE]: after[SPACE] });
    }),
  );
});

test("a space that is edited as a whole replaces the present one", () => {
  fc.assert(
    fc.property(sweeps, sweeps, (before, other) => {
      const update = updateOf(before, { [SPACE]: settingsOf(other)[SPACE] ?? "" });
      if ("wrong" in update) throw new Error(JSON.stringify(update.wrong));
      expect(applied(before, update).spec?.searchSpace).toEqual(other.spec?.searchSpace);
    }),
  );
});

test("only what changed is in the mask, each path once", () => {
  fc.assert(
    fc.property(changes, ({ before, edits }) => {
      const update = updateOf(before, edits);
      if ("wrong" in update) throw new Error(JSON.stringify(update.wrong));
      const present = settingsOf(before);
      const keys = Object.keys(edits).filter((key) => edits[key] !== present[key]);
      const paths = keys.map((key) => PATH_OF.find(([pattern]) => pattern.test(key))?.[1]);
      expect([...update.paths].sort()).toEqual([...new Set(paths)].sort());
    }),
  );
});

const SWEEP = create(SweepSchema, {
  name: "first",
  spec: {
    metrics: [{ name: "loss" }],
    searchSpace: {
      parameters: [
        {
          name: "lr",
          distribution: { case: "uniform", value: { min: 0.1, max: 1 } },
        },
        {
          name: "epochs",
          distribution: {
            case: "constant",
            value: { value: { kind: { case: "intValue", value: 3n } } },
          },
        },
      ],
      constraints: ["lr < 1"],
    },
  },
});

test.each<[string, Texts, string]>([
  ["a cap of no runs", { run_cap: "0" }, "run_cap"],
  ["a cap that is no number", { run_cap: "many" }, "run_cap"],
  ["too many retries", { retries_failed: "101" }, "retries_failed"],
  ["no number of retries", { retries_lost: "" }, "retries_lost"],
  ["a name of spaces", { name: " " }, "name"],
  ["a target that is no number", { "target:loss": "0,1" }, "target:loss"],
  ["a bound that is missing", { "min:lr": "" }, "min:lr"],
  ["a text that is no space", { space: "" }, "space"],
  ["a list that is none", { "values:epochs": "3], [4" }, "values:epochs"],
  [
    "an option that is no number",
    { stopping: ruleText({ name: HYPERBAND, options: { eta: "x" } }) },
    "stopping",
  ],
])("%s is wrong at its setting", (_, edits, key) => {
  const update = updateOf(SWEEP, edits);
  expect("wrong" in update && Object.keys(update.wrong)).toEqual([key]);
});

test("a constant gets further values, a range another scale, and a constraint is dropped", () => {
  const update = updateOf(SWEEP, {
    "values:epochs": "3, 10",
    "scale:lr": "log",
    "constraint:lr < 1": "",
  });
  if ("wrong" in update) throw new Error(JSON.stringify(update.wrong));
  const space = create(SweepSchema, { spec: update.spec }).spec?.searchSpace;
  expect(space?.parameters.map(({ distribution }) => distribution.case)).toEqual([
    "logUniform",
    "categorical",
  ]);
  expect(space?.constraints).toEqual([]);
  expect(update.paths).toEqual(["spec.search_space"]);
});

test("a target that is emptied is in the request without a value", () => {
  const sweep = create(SweepSchema, {
    spec: {
      metrics: [
        { name: "loss", target: 0.1 },
        { name: "cost", target: 5 },
      ],
    },
  });
  const update = updateOf(sweep, { "target:cost": "" });
  expect("wrong" in update ? undefined : update.spec.metrics).toEqual([{ name: "cost" }]);
});
