import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ParameterSchema,
  type ParameterValue,
  ParameterValueSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import { Goal, Method, SweepSchema } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { compareConfigs, uncommonItems } from "./configDiff";
import { type ConfigEntry, configEntries, SECTIONS } from "./configEntries";

const value = fc.oneof(
  fc.constantFrom("1", "2", "adam"),
  fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }),
);
const entry = fc.record({
  section: fc.constantFrom(...SECTIONS),
  subject: fc.constantFrom("", "lr", "toString", '["x"]'),
  name: fc.constantFrom("min", "max", "__proto__"),
  value,
});
const keyOf = ({ section, subject, name }: Omit<ConfigEntry, "value">) =>
  JSON.stringify([section, subject, name]);
const config = fc.uniqueArray(entry, { selector: keyOf, maxLength: 12 });
const configs = fc.array(config, { minLength: 1, maxLength: 5 });

test("each key of each config is in one row, with its value in each config", () => {
  fc.assert(
    fc.property(configs, (all) => {
      const rows = compareConfigs(all);
      const keys = rows.map(keyOf);
      expect(new Set(keys)).toEqual(new Set(all.flat().map(keyOf)));
      expect(new Set(keys).size).toBe(keys.length);
      for (const row of rows) {
        const expected = all.map((own) => own.find((each) => keyOf(each) === keyOf(row))?.value);
        expect(row.values).toEqual(expected);
      }
    }),
  );
});

test("a row is different exactly if two configs differ in it", () => {
  fc.assert(
    fc.property(configs, (all) => {
      for (const { values, isDifferent } of compareConfigs(all)) {
        const [first, ...others] = values.map((each) => JSON.stringify(each));
        expect(isDifferent).toBe(others.some((other) => other !== first));
      }
    }),
  );
});

test("a config does not differ from itself", () => {
  fc.assert(
    fc.property(config, fc.integer({ min: 1, max: 4 }), (own, copies) => {
      const rows = compareConfigs(Array.from({ length: copies }, () => own));
      expect(rows.some(({ isDifferent }) => isDifferent)).toBe(false);
    }),
  );
});

test("the order of the configs changes the order of the values alone", () => {
  fc.assert(
    fc.property(configs, (all) => {
      const byKey = (rows: ReturnType<typeof compareConfigs>) =>
        new Map(rows.map((row) => [keyOf(row), row]));
      const [ahead, back] = [byKey(compareConfigs(all)), byKey(compareConfigs([...all].reverse()))];
      expect(back.size).toBe(ahead.size);
      for (const [key, { values, isDifferent }] of ahead) {
        expect(back.get(key)?.values).toEqual([...values].reverse());
        expect(back.get(key)?.isDifferent).toBe(isDifferent);
      }
    }),
  );
});

test("the keys of one subject stand together", () => {
  fc.assert(
    fc.property(configs, (all) => {
      const subjects = compareConfigs(all).map(({ section, subject }) => `${section}/${subject}`);
      const starts = subjects.filter((each, index) => each !== subjects[index - 1]);
      expect(new Set(starts).size).toBe(starts.length);
    }),
  );
});

test("uncommon items are those that a list lacks", () => {
  expect(
    uncommonItems({
      values: [
        ["a", "b"],
        ["b", "c"],
      ],
    }),
  ).toEqual(new Set(["a", "c"]));
  expect(uncommonItems({ values: [["a"], undefined] })).toEqual(new Set());
  expect(uncommonItems({ values: [["a", "b"]] })).toEqual(new Set());
});

function constant(kind: ParameterValue["kind"]) {
  return create(ParameterValueSchema, { kind });
}

function sweepWith(min: number, values: ParameterValue[]) {
  return create(SweepSchema, {
    spec: {
      method: Method.BAYES,
      sampler: {
        name: "tpe",
        options: { multivariate: constant({ case: "boolValue", value: true }) },
      },
      metrics: [{ name: "loss", target: 0.1 }],
      searchSpace: {
        parameters: [
          create(ParameterSchema, {
            name: "lr",
            distribution: { case: "logUniform", value: { min, max: 1 } },
          }),
          create(ParameterSchema, {
            name: "optimizer",
            distribution: { case: "categorical", value: { values } },
          }),
        ],
      },
      earlyTermination: { rule: { case: "hyperband", value: { minIter: 3n } } },
    },
  });
}

test("two sweeps differ in the bounds and values of their search spaces", () => {
  const one = sweepWith(1e-5, [constant({ case: "intValue", value: 1n })]);
  const other = sweepWith(1e-4, [constant({ case: "stringValue", value: "1" })]);
  const rows = compareConfigs([configEntries(one), configEntries(other)]);
  const different = rows.filter(({ isDifferent }) => isDifferent);
  expect(different.map(({ subject, name, values }) => [subject, name, ...values])).toEqual([
    ["lr", "min", "0.00001", "0.0001"],
    ["optimizer", "values", ["1"], ['"1"']],
  ]);
});

test("a default that one config leaves out is no difference", () => {
  const [one, other] = [create(SweepSchema, { spec: {} }), create(SweepSchema, { spec: {} })];
  one.spec = create(SweepSchema, {
    spec: {
      metrics: [{ name: "loss" }],
      earlyTermination: { rule: { case: "hyperband", value: { minIter: 3n } } },
    },
  }).spec;
  other.spec = create(SweepSchema, {
    spec: {
      metrics: [{ name: "loss", goal: Goal.MINIMIZE, value: 1 }],
      earlyTermination: {
        rule: { case: "hyperband", value: { minIter: 3n, eta: 3, strict: true } },
      },
      retries: { lost: 2, failed: 0 },
      argsStyle: 1,
    },
  }).spec;
  const rows = compareConfigs([configEntries(one), configEntries(other)]);
  expect(rows.filter(({ isDifferent }) => isDifferent)).toEqual([]);
});
