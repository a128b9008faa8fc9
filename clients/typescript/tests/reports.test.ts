import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { batchesOf, type Row } from "../src/agent/batches.js";
import { ConfigChanges } from "../src/agent/config.js";
import { HeldRows } from "../src/agent/held.js";
import { isStep, numbersOf } from "../src/agent/metrics.js";
import { reduced } from "../src/agent/rejected.js";
import { Reporter } from "../src/agent/reporter.js";
import { messageText, runErrorOf, traceText } from "../src/agent/text.js";
import { ServiceError } from "../src/core/errors.js";
import { PROTOCOL } from "../src/core/protocol.js";
import {
  FinishRunRequestSchema,
  RunSucceededSchema,
} from "../src/gen/wanllmdb/api/registry/v1/registry_service_pb.js";

function row(step: number, values: Record<string, number>): Row {
  return { step, values, isSummary: false, time: new Date(0) };
}

test("numbers are kept under flat names, and a warning names the rest", () => {
  const warnings: string[] = [];
  const long = "n".repeat(PROTOCOL.maxMetricNameCharacters + 1);
  const logged = { a: 1, b: { c: Number.NaN, d: true }, [long]: 1, text: "x" as never };

  expect(numbersOf(logged, (line) => warnings.push(line))).toEqual({
    a: 1,
    "b.c": Number.NaN,
    "b.d": 1,
  });
  expect(warnings).toHaveLength(2);
  expect(warnings.join()).toContain("'text' is left out");
});

test("a step is an integer of at least 0", () => {
  expect([0, 3, 0.5, -1, 2 ** 60].map(isStep)).toEqual([true, true, false, false, false]);
});

test("rows that come back are before later ones, whose values win", () => {
  const held = new HeldRows();
  for (const step of [0, 1, 2]) held.add(step, false, { a: step });
  const taken = held.take();
  held.add(2, false, { a: 5, b: 6 });
  held.add(3, false, { a: 3 });
  held.putBack(taken);

  expect(held.size).toBe(4);
  expect(held.takeAll().map(({ step, values }) => [step, values])).toEqual([
    [0, { a: 0 }],
    [1, { a: 1 }],
    [2, { a: 5, b: 6 }],
    [3, { a: 3 }],
  ]);
  expect([held.size, held.values, held.bytes]).toEqual([0, 0, 0]);
});

test("a value that is logged after a final one comes later", () => {
  const held = new HeldRows();
  held.add(5, false, { a: 1 });
  held.add(5, true, { a: 2 });
  held.add(5, false, { a: 3 });

  expect(held.take().map(({ values }) => values.a)).toEqual([1, 2, 3]);
});

test("the oldest rows of a long outage are left out", async () => {
  let warnings = 0;
  const reporter = new Reporter({
    send: () => Promise.reject(new ServiceError("away", Code.Unavailable)),
    failed: () => {},
    leftOut: () => {
      warnings += 1;
    },
    mostBytes: 490,
  });
  for (let step = 0; step < 5_000; step += 1) reporter.add(step, { a: step });

  // A row of one value with a name of one letter takes 49 bytes.
  const left = await reporter.close();
  expect(left.map(({ step }) => step)).toEqual(Array.from({ length: 10 }, (_, at) => 4_990 + at));
  expect(warnings).toBe(4_990);
});

test("the end of the reports ends the request under way, whose rows come back", async () => {
  vi.useFakeTimers();
  try {
    const signals: AbortSignal[] = [];
    const reporter = new Reporter({
      send: (_rows, _timeout, signal) =>
        new Promise((_, reject) => {
          signals.push(signal);
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
      failed: () => {},
      leftOut: () => {},
    });
    reporter.add(7, { a: 1 });
    const flushed = reporter.flush(60).catch(() => undefined);
    const closing = reporter.close();
    await vi.advanceTimersByTimeAsync(PROTOCOL.silenceDeadline * 1000);

    expect((await closing).map(({ step }) => step)).toEqual([7]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(vi.getTimerCount()).toBe(0);
    await flushed;
  } finally {
    vi.useRealTimers();
  }
});

test("a row that is too large for one request is split, and keeps its step", () => {
  const names = Array.from({ length: PROTOCOL.reportMaxValues + 1 }, (_, index) => `m${index}`);
  const large = row(7, Object.fromEntries(names.map((name) => [name, 1])));
  const batches = batchesOf([row(6, { a: 1 }), large]);

  const sizes = batches.map((batch) =>
    batch.reduce((count, { values }) => count + Object.keys(values).length, 0),
  );
  expect(sizes.every((size) => size <= PROTOCOL.reportMaxValues)).toBe(true);
  expect(sizes.reduce((all, size) => all + size)).toBe(names.length + 1);
  expect(new Set(batches.flat().map(({ step }) => step))).toEqual(new Set([6, 7]));
});

test("texts are cut to what the registry accepts, and say so", () => {
  expect(messageText("a\0b\uD800")).toBe("a\uFFFDb\uFFFD");
  const message = messageText("x".repeat(10_000));
  expect(message).toHaveLength(PROTOCOL.maxMessageCharacters);
  expect(message).toContain("more characters were cut");
  expect(traceText(`${"x".repeat(100_000)}end`).endsWith("end")).toBe(true);
});

test("an error is its name and text, with its causes in the stack trace", () => {
  const error = runErrorOf(new TypeError("outer", { cause: new Error("inner") }));

  expect(error.message).toBe("TypeError: outer");
  expect(error.traceback).toContain("inner");
});

test("a rejected end loses rows, then its config, and is sent as failed at last", () => {
  const end = create(FinishRunRequestSchema, {
    sweepId: "s1",
    number: 0n,
    attempt: 1,
    rows: [{ step: 0n, values: { loss: 1, other: 2 } }],
    config: { a: { kind: { case: "boolValue", value: true } } },
    outcome: { case: "succeeded", value: create(RunSucceededSchema) },
    requestId: "1",
  });
  const error = new ServiceError("no", Code.InvalidArgument);
  const known = new Set(["loss"]);

  const first = reduced(end, error, known);
  expect(first?.rows[0]?.values).toEqual({ loss: 1 });
  expect(first?.requestId).not.toBe("1");
  const second = first && reduced(first, error, known);
  expect(second?.rows).toEqual([]);
  const third = second && reduced(second, error, known);
  expect(third?.config).toEqual({});
  const fourth = third && reduced(third, error, known);
  expect(fourth?.outcome.case).toBe("failed");
  expect(fourth && reduced(fourth, error, known)).toBeUndefined();
});

test("the rows that an error names are left out alone", () => {
  const end = create(FinishRunRequestSchema, {
    rows: [
      { step: 0n, values: { a: 1 } },
      { step: 1n, values: { a: 2 } },
    ],
  });
  const error = new ServiceError("no", Code.InvalidArgument, {
    fields: [{ field: "rows[0].values", description: "bad" }],
  });

  expect(reduced(end, error, new Set())?.rows.map(({ step }) => step)).toEqual([1n]);
});

test("a config takes a limited number of entries", () => {
  const warnings: string[] = [];
  const config = new ConfigChanges();
  const many = Array.from({ length: PROTOCOL.configMaxEntries + 1 }, (_, index) => [
    `e${index}`,
    1,
  ]);
  config.set(Object.fromEntries(many), (line) => warnings.push(line));
  config.set({ e0: 2 }, (line) => warnings.push(line));

  expect(Object.keys(config.toMessages())).toHaveLength(PROTOCOL.configMaxEntries);
  expect(config.toMessages().e0?.kind.value).toBe(2n);
  expect(warnings).toHaveLength(1);
});

test("an entry of a config that is set again takes its place once", () => {
  const warnings: string[] = [];
  const config = new ConfigChanges();
  for (let time = 0; time < 9; time += 1) {
    config.set({ text: "x".repeat(100_000) }, (line) => warnings.push(line));
  }

  expect(warnings).toEqual([]);
});
