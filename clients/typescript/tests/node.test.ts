import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Client, constant, RunStoppedError, random, ServiceError, uniform } from "../src/index.js";
import { TestServer } from "./server.js";
import { SweepInMemory } from "./services.js";

const SWEEP = random({ minimize: "loss" }, { x: uniform(0, 1), layers: constant(2) });
const quiet = (): void => {};

test("an agent executes the runs of a sweep, with typed parameters", async () => {
  const sweep = new SweepInMemory(3);
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });

  const id = await client.createSweep(SWEEP);
  const result = await client.agent(id, async (run) => {
    const layers: 2 = run.params.layers;
    await run.log({ loss: run.params.x * layers, inner: { value: true } });
  });

  expect(result).toMatchObject({ runs: 3, failed: 0, wasEnded: false });
  expect(sweep.ends.map(({ number }) => number)).toEqual([0n, 1n, 2n]);
  const values = sweep.ends.map(({ rows }) => rows[0]?.values);
  expect(values[0]).toEqual({ loss: 1, "inner.value": 1 });
});

test("a run's name, labels and config arrive with its end", async () => {
  const sweep = new SweepInMemory(1);
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });
  await client.agent("s1", (run) => {
    run.describe({ name: "first" });
    run.describe({ labels: { tag: "a" } });
    run.setConfig({ batch: 32 });
    run.setSummary({ loss: 2 });
  });

  expect(sweep.updates).toMatchObject([
    { run: { number: 0n, name: "first", labels: { tag: "a" } }, paths: ["name", "labels"] },
  ]);
  expect(sweep.ends).toMatchObject([
    {
      config: { batch: { kind: { value: 32n } } },
      rows: [{ isSummary: true, values: { loss: 2 } }],
    },
  ]);
});

test("the program's signal stops the code and gives the run back", async () => {
  const sweep = new SweepInMemory(2);
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });
  const stop = new AbortController();
  let reason: unknown;

  const result = await client.agent(
    "s1",
    async (_run, { signal }) => {
      const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve));
      stop.abort();
      await stopped;
      reason = signal.reason;
    },
    { signal: stop.signal, say: quiet },
  );

  expect(reason).toBeInstanceOf(RunStoppedError);
  expect(sweep.released).toEqual([0n]);
  expect(sweep.ends).toEqual([]);
  expect(result.wasEnded).toBe(true);
});

test("the program's signal ends an agent that still waits for its sweep", async () => {
  const sweep = new SweepInMemory(1);
  const stop = new AbortController();
  let why: unknown;
  sweep.onFind = async (signal) => {
    const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
    stop.abort();
    await ended;
    why = signal.reason;
  };
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });

  const result = await client.agent("s1", () => {}, { signal: stop.signal, say: quiet });

  expect(result).toMatchObject({ runs: 0, wasEnded: true });
  await expect.poll(() => why).toMatchObject({ code: Code.Canceled });
});

test("a run ends although its name can't be stored", async () => {
  const sweep = new SweepInMemory(1);
  sweep.onUpdate = () => {
    throw new ConnectError("broken", Code.Internal);
  };
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });

  await client.agent("s1", (run) => run.describe({ name: "first" }), { say: quiet });

  expect(sweep.ends.map(({ outcome }) => outcome.case)).toEqual(["succeeded"]);
});

test("a step that the registry does not accept is left out, and the run goes on", async () => {
  const sweep = new SweepInMemory(1);
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });
  const lines: string[] = [];

  await client.agent(
    "s1",
    async (run) => {
      await run.log({ loss: 1 }, { step: -1 });
      await run.log({ loss: 2 });
    },
    { say: (line) => lines.push(line) },
  );

  const rows = [...sweep.reports, ...sweep.ends].flatMap((request) => request.rows);
  expect(rows.map(({ step, values }) => [step, values.loss])).toEqual([[0n, 2]]);
  expect(lines.join()).toContain("leaves out step -1");
});

test("handlers of signals are restored", async () => {
  const before = process.listenerCount("SIGTERM");
  await using server = await TestServer.start(new SweepInMemory(0).routes);
  using client = new Client({ env: server.env });
  await client.agent("s1", () => {});

  expect(process.listenerCount("SIGTERM")).toBe(before);
});

test("a log that the program does not wait for is in order and ends nothing", async () => {
  const sweep = new SweepInMemory(1);
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: server.env });
  await client.agent("s1", (run) => {
    for (let step = 0; step < 100; step += 1) void run.log({ loss: step });
  });

  const rows = [...sweep.reports, ...sweep.ends].flatMap((request) => request.rows);
  expect(rows.map(({ step }) => Number(step))).toEqual([...Array(100).keys()]);
});

test("calls wait for a service that has answered before", async () => {
  const first = await TestServer.start(new SweepInMemory(0).routes);
  using client = new Client({ env: first.env });
  await client.getSweep("s1");
  const { port } = first;
  await first[Symbol.asyncDispose]();

  const answer = client.getSweep("s1");
  await using _second = await TestServer.start(new SweepInMemory(0).routes, port);

  expect((await answer).sweepId).toBe("s1");
});

test("the error of a wrong address says what to do", async () => {
  const server = await TestServer.start(() => {});
  const { env } = server;
  await server[Symbol.asyncDispose]();
  using client = new Client({ env });

  const error = await client.getSweep("s1").catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(ServiceError);
  expect(String(error)).toContain("set WANLLMDB_REGISTRY");
});

test("a closed client has no connection and refuses calls", async () => {
  await using server = await TestServer.start(new SweepInMemory(0).routes);
  const client = new Client({ env: server.env });
  await client.getSweep("s1");
  client.close();

  await expect(client.getSweep("s1")).rejects.toThrow("closed");
  await expect.poll(() => server.connections).toBe(0);
});
