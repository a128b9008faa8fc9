import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SweepSpecSchema } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { checkPriorRuns } from "./priorRunCheck";
import { partsOf, readPriorRuns } from "./priorRunText";

const text = (value: string) => ({ kind: { case: "stringValue", value } }) as const;
const SPEC = create(SweepSpecSchema, {
  metrics: [{ name: "loss" }],
  searchSpace: {
    parameters: [
      { name: "lr", distribution: { case: "logUniform", value: { min: 1e-5, max: 0.1 } } },
      {
        name: "opt/kind",
        distribution: { case: "categorical", value: { values: [text("adam"), text("sgd")] } },
      },
      {
        name: "opt/momentum",
        distribution: { case: "uniform", value: { min: 0, max: 1 } },
        conditions: [{ parameter: "opt/kind", values: [text("sgd")] }],
      },
    ],
  },
});

const problemsOf = (content: string) => {
  const check = checkPriorRuns(readPriorRuns(content), SPEC);
  return [...check.problems.values()].map((each) => each.join("; "));
};

test("CSV is read with quotes, lines within cells, and apostrophes of an export", () => {
  const read = readPriorRuns('\ufefflr,"opt/kind",loss\r\n0.1,"a ""b""\nc",\'-1\n\n,x\n');
  expect(read).toMatchObject({ format: "csv", names: ["lr", "opt/kind", "loss"] });
  expect(read.rows.map(({ line }) => line)).toEqual([2, 5]);
  expect(Object.fromEntries(read.rows[0]?.values ?? [])).toEqual({
    lr: "0.1",
    "opt/kind": 'a "b"\nc',
    loss: "-1",
  });
});

test("a JSON list becomes lines, and keeps its digits", () => {
  const list = '[\n {"lr": 1.0e-5,\n  "loss": 12345678901234567890},\n {"lr": "a,]\\"b"}\n]\n';
  const read = readPriorRuns(list);
  expect(read.format).toBe("jsonLines");
  expect(read.records).toEqual([
    '{"lr": 1.0e-5,   "loss": 12345678901234567890}',
    '{"lr": "a,]\\"b"}',
  ]);
  expect(read.rows.map(({ line }) => line)).toEqual([2, 4]);
});

test("each row says what does not fit", () => {
  const head = "lr,opt/kind,opt/momentum,state,loss\n";
  expect(problemsOf(`${head}0.01,adam,,,0.5\n0.01,sgd,0.9,PRUNED,\n0.01,adam,,FAILED,`)).toEqual(
    [],
  );
  expect(
    problemsOf(`${head}1,adam,,,0.5\nx,lion,,,y\n,sgd,,RUNNING,\n0.01,adam,,,1,2\n0.01,adam,,,`),
  ).toEqual([
    "lr: 1 is not between 0.00001 and 0.1",
    "lr: x is not a number; opt/kind: lion is not one of its values; loss: y is not a finite number",
    "has no value of lr; has no value of opt/momentum; is RUNNING, which is no result",
    "has more cells than the header",
    "has no value of loss",
  ]);
  const nested = { parameters: { lr: 0.01, "opt/kind": "adam" }, metrics: { loss: 1 }, number: 3 };
  expect(problemsOf(JSON.stringify(nested))).toEqual([]);
  expect(problemsOf(`${JSON.stringify(nested)}\nnull`)).toEqual(["is no JSON object"]);
  expect(checkPriorRuns(readPriorRuns(JSON.stringify(nested)), SPEC).ignored).toEqual(["number"]);
});

test("a text without runs says so", () => {
  expect(readPriorRuns("").problem).toBe("The text is empty.");
  expect(readPriorRuns("lr,loss\n").problem).toBe("There is no row below the header.");
  expect(readPriorRuns("lr,lr\n1,2").problem).toBe("The header names lr more than once.");
  expect(readPriorRuns("[]").problem).toBe("There is no run in this text.");
});

test("no row is lost when a text goes in parts", () => {
  const cell = fc.string().map((value) => `"${value.replaceAll('"', '""')}"`);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 200 }),
      (rows, most) => {
        const content = ["a,b", ...rows.map((row) => row.join(","))].join("\r\n");
        const whole = readPriorRuns(content);
        const parts = partsOf(whole, most).map(readPriorRuns);
        expect(whole.rows).toHaveLength(rows.length);
        expect(parts.flatMap(({ rows: some }) => some.map(({ values }) => values))).toEqual(
          whole.rows.map(({ values }) => values),
        );
      },
    ),
  );
});
