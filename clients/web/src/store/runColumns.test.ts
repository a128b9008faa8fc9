import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AxisScale } from "../gen/wanllmdb/api/registry/v1/plots_pb";
import {
  RunColumnsChunkSchema,
  RunColumnsSchemaSchema,
  RunField,
} from "../gen/wanllmdb/api/registry/v1/run_columns_pb";
import { RunColumns, rowOf, type StreamColumns } from "./runColumns";
import type { RunTable } from "./runTable";

interface TestRun {
  readonly number: number;
  readonly state: number;
  readonly lr: number | undefined;
  readonly loss: number | undefined;
  readonly agent: string | undefined;
}

function schemaOf(runCount: number, agents: readonly string[] = []) {
  return create(RunColumnsSchemaSchema, {
    runCount: BigInt(runCount),
    columns: [
      {
        key: { key: { case: "parameter", value: "lr" } },
        scale: AxisScale.LOG,
        min: 0.001,
        max: 0.1,
      },
      { key: { key: { case: "objective", value: "loss" } }, scale: AxisScale.LINEAR },
      {
        key: { key: { case: "field", value: RunField.AGENT_ID } },
        scale: AxisScale.CATEGORY,
        categories: agents.map(text),
      },
    ],
  });
}

function text(value: string) {
  return { kind: { case: "stringValue" as const, value } };
}

/** The server's side of a stream: it numbers categories in the order of their appearance. */
class Sender {
  readonly #agents: string[];

  constructor(agents: readonly string[] = []) {
    this.#agents = [...agents];
  }

  chunk(runs: readonly TestRun[]) {
    const fresh: string[] = [];
    const indices = runs.map(({ agent }) => {
      if (agent === undefined) return 0;
      if (!this.#agents.includes(agent)) {
        this.#agents.push(agent);
        fresh.push(agent);
      }
      return this.#agents.indexOf(agent) + 1;
    });
    const init: MessageInitShape<typeof RunColumnsChunkSchema> = {
      runNumbers: runs.map(({ number }) => BigInt(number)),
      states: runs.map(({ state }) => state),
      columns: [
        { numbers: runs.map(({ lr }) => lr ?? Number.NaN) },
        { numbers: runs.map(({ loss }) => loss ?? Number.NaN) },
        { categories: indices, newCategories: fresh.map(text) },
      ],
    };
    return create(RunColumnsChunkSchema, init);
  }
}

/** Returns what a page shows of a table: texts instead of the order of categories. */
function shown(table: RunTable) {
  return Array.from({ length: table.count }, (_, row) => [
    table.numbers[row],
    table.states[row],
    ...table.columns.map(({ values, categories, scale }) => {
      const value = values[row] ?? Number.NaN;
      if (Number.isNaN(value)) return undefined;
      return scale === "category" ? categories[value] : value;
    }),
  ]);
}

function boundsOf(table: RunTable) {
  return table.columns.slice(0, 2).map(({ key, min, max }) => [key, min, max]);
}

function streamOf(columns: RunColumns, agents: readonly string[] = []): StreamColumns {
  const stream = columns.streamOf(schemaOf(0, agents));
  if (stream === undefined) throw new Error("the columns differ");
  return stream;
}

function read(runs: readonly TestRun[], chunkSize: number): RunColumns {
  const columns = new RunColumns(schemaOf(runs.length));
  const stream = streamOf(columns);
  const sender = new Sender();
  for (let from = 0; from < runs.length; from += chunkSize) {
    columns.apply(sender.chunk(runs.slice(from, from + chunkSize)), stream);
  }
  columns.complete();
  return columns;
}

const run = fc.record({
  number: fc.nat(30),
  state: fc.integer({ min: 1, max: 7 }),
  lr: fc.option(fc.double({ min: 0.001, max: 0.1, noNaN: true }), { nil: undefined }),
  loss: fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined }),
  agent: fc.option(fc.constantFrom("a", "b", "c", "d"), { nil: undefined }),
});
const byNumber = { selector: ({ number }: TestRun) => number, maxLength: 25 };
const batch = fc.uniqueArray(run, byNumber);

test("columns and changes are a snapshot of the last rows", () => {
  fc.assert(
    fc.property(
      batch,
      fc.array(batch, { maxLength: 6 }),
      fc.integer({ min: 1, max: 10 }),
      fc.subarray(["d", "b"]),
      (first, changes, chunkSize, known) => {
        const ascending = [...first].sort((one, other) => one.number - other.number);
        const columns = read(ascending, chunkSize);
        // A watch has categories of its own, in another order than the read.
        const stream = streamOf(columns, known);
        const sender = new Sender(known);
        const last = new Map(ascending.map((each) => [each.number, each]));
        for (const changed of changes) {
          columns.apply(sender.chunk(changed), stream);
          for (const each of changed) last.set(each.number, each);
        }
        const rows = [...last.values()].sort((one, other) => one.number - other.number);
        const expected = read(rows, Math.max(rows.length, 1)).snapshot(9n);
        const table = columns.snapshot(9n);
        expect(shown(table)).toEqual(shown(expected));
        expect(boundsOf(table)).toEqual(boundsOf(expected));
        expect([table.count, table.expected, table.revision]).toEqual([
          rows.length,
          rows.length,
          9n,
        ]);
      },
    ),
  );
});

const RUN: TestRun = { number: 0, state: 3, lr: 0.01, loss: 1, agent: "a" };

test("a table that loads says how much is to come", () => {
  const columns = new RunColumns(schemaOf(3));
  const stream = streamOf(columns);
  columns.apply(new Sender().chunk([RUN]), stream);
  const early = columns.snapshot(0n);
  expect([early.count, early.expected]).toEqual([1, 3]);
  columns.apply(new Sender().chunk([{ ...RUN, number: 1 }]), stream);
  columns.complete();
  const late = columns.snapshot(4n);
  expect([late.count, late.expected]).toEqual([2, 2]);
  expect(late.version).toBeGreaterThan(early.version);
});

test("a column has the bounds of its distribution, or else those of its values", () => {
  const columns = read([RUN, { ...RUN, number: 1, loss: 5 }], 9);
  expect(boundsOf(columns.snapshot(1n))).toEqual([
    ["parameter:lr", 0.001, 0.1],
    ["objective:loss", 1, 5],
  ]);
});

test("a watch with other columns does not fit", () => {
  const columns = read([RUN], 1);
  const schema = schemaOf(0);
  expect(columns.streamOf(schema)).toBeDefined();
  expect(columns.streamOf({ ...schema, columns: schema.columns.slice(1) })).toBeUndefined();
  const [lr, ...others] = schema.columns;
  if (lr === undefined) throw new Error("no column");
  const wider = { ...schema, columns: [{ ...lr, max: 1 }, ...others] };
  expect(columns.streamOf(wider)).toBeUndefined();
});

test("the text 1 and the number 1 stay two categories", () => {
  const schema = create(RunColumnsSchemaSchema, {
    columns: [
      {
        key: { key: { case: "parameter", value: "p" } },
        scale: AxisScale.CATEGORY,
        categories: [text("1"), { kind: { case: "intValue", value: 1n } }],
      },
    ],
  });
  const columns = new RunColumns(schema);
  expect(columns.streamOf(schema)?.categories).toEqual([[0, 1]]);
  expect(columns.snapshot(1n).columns[0]?.categories).toEqual(["1", "1"]);
});

test("categories keep their kinds, and their list while none is added", () => {
  const columns = read([RUN], 1);
  const stream = streamOf(columns);
  const agents = () => columns.snapshot(1n).columns[2];
  const first = agents();
  expect(first?.categoryValues).toEqual(["a"]);
  columns.apply(new Sender().chunk([{ ...RUN, loss: 2 }]), stream);
  expect(agents()?.categories).toBe(first?.categories);
  columns.apply(new Sender(["a"]).chunk([{ ...RUN, agent: "b" }]), stream);
  expect(agents()?.categories).toEqual(["a", "b"]);
});

test("the origin of a run is a choice of two", () => {
  const key = { key: { case: "field" as const, value: RunField.ORIGIN } };
  const schema = create(RunColumnsSchemaSchema, { columns: [{ key, scale: AxisScale.LINEAR }] });
  const columns = new RunColumns(schema);
  const stream = columns.streamOf(schema);
  if (stream === undefined) throw new Error("the columns differ");
  const sent = {
    runNumbers: [0n, 1n, 2n],
    states: [1, 1, 1],
    columns: [{ numbers: [1, 2, Number.NaN] }],
  };
  columns.apply(create(RunColumnsChunkSchema, sent), stream);
  const [origin] = columns.snapshot(1n).columns;
  const texts = [0, 1, 2].map((row) => origin?.categories[origin.values[row] ?? -1]);
  expect([origin?.scale, ...texts]).toEqual(["category", "the sampler", "a user", undefined]);
});

test("a run is found by its number, in a table with gaps too", () => {
  const numbers = Int32Array.from([2, 3, 7, 0]);
  expect([2, 3, 7, 0, 9].map((number) => rowOf(numbers, 3, number))).toEqual([0, 1, 2, -1, -1]);
});
