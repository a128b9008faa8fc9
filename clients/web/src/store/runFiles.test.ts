import fc from "fast-check";
import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { csvLine, csvParts, jsonLinesParts } from "./runFiles";
import { tableOf } from "./testing";

const START = Date.UTC(2026, 10, 29, 18, 14, 5) / 1000;
const table = tableOf(
  [RunState.FINISHED, RunState.FAILED],
  [
    { key: "parameter:lr", values: Float64Array.of(0.1 + 0.2, Number.NaN) },
    {
      key: "parameter:bias",
      scale: "category",
      categories: ["true", "0.333333", "none"],
      categoryValues: [true, 1 / 3, null],
      values: Float64Array.of(1, 2),
    },
    {
      key: "objective:loss",
      kind: "objective",
      values: Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN),
    },
    { key: "summary:lr", kind: "summary", values: Float64Array.of(7, 8) },
    {
      key: "label:__proto__",
      kind: "label",
      scale: "category",
      categories: ["=1+1"],
      values: Float64Array.of(0, Number.NaN),
    },
    {
      key: "field:error_message",
      kind: "field",
      scale: "category",
      categories: ['ValueError: "lr", too\nhigh'],
      values: Float64Array.of(Number.NaN, 0),
    },
    { key: "field:start_time", kind: "field", values: Float64Array.of(START, Number.NaN) },
  ],
);

test("CSV has all digits, times in UTC, quoted texts and no formulas", () => {
  expect([...csvParts(table, Int32Array.of(1, 0), table.columns)].join("")).toBe(
    [
      "number,state,parameter:lr,bias,loss,summary:lr,__proto__,error,start_time\r\n",
      '1,failed,,none,,8,,"ValueError: ""lr"", too\nhigh",\r\n',
      "0,finished,0.30000000000000004,0.3333333333333333,Infinity,7,'=1+1,,2026-11-29T18:14:05.000Z\r\n",
    ].join(""),
  );
});

test("JSON lines have values of their kinds, in groups", () => {
  const lines = [...jsonLinesParts(table, Int32Array.of(0, 1), table.columns)].join("");
  expect(
    lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      number: 0,
      state: "finished",
      error: null,
      start_time: "2026-11-29T18:14:05.000Z",
      parameters: { lr: 0.1 + 0.2, bias: 1 / 3 },
      metrics: { loss: "Infinity", lr: 7 },
      labels: Object.fromEntries([["__proto__", "=1+1"]]),
    },
    {
      number: 1,
      state: "failed",
      error: 'ValueError: "lr", too\nhigh',
      start_time: null,
      parameters: { bias: null },
      metrics: { lr: 8 },
      labels: {},
    },
  ]);
});

/** Reads one line of CSV as RFC 4180 has it. */
function readLine(line: string): string[] {
  const cells: string[] = [];
  let rest = `,${line.slice(0, -2)}`;
  while (rest !== "") {
    expect(rest[0]).toBe(",");
    const [field = ""] = /^(?:"(?:[^"]|"")*"|[^",\r\n]*)/.exec(rest.slice(1)) ?? [];
    cells.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    rest = rest.slice(1 + field.length);
  }
  return cells;
}

test("cells survive CSV, and no cell begins like a formula", () => {
  const cell = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("=", "+", "-", "@", "'", " ", '"', ",", "\n", "\r", "1") }),
  );
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
      const read = readLine(csvLine(cells));
      expect(read).toHaveLength(cells.length);
      read.forEach((text, index) => {
        const original = cells[index] ?? "";
        const isQuoted = text !== original;
        expect(text).toBe(isQuoted ? `'${original}` : original);
        if (!isQuoted && /^[=+\-@\t\r]/.test(text)) expect(Number(text)).not.toBeNaN();
      });
    }),
  );
});

test("a file of many rows comes in parts", () => {
  const many = tableOf(new Array(5_001).fill(3));
  const numbers = many.numbers.subarray(0, many.count);
  expect([...jsonLinesParts(many, numbers, [])]).toHaveLength(6);
  const lines = [...csvParts(many, numbers, [])].join("").trimEnd().split("\r\n");
  expect([lines.length, lines.at(-1)]).toEqual([5_002, "5000,finished"]);
});
