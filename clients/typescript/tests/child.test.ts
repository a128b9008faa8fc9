import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { silentRank } from "../src/agent/ranks.js";
import { Client, RunStoppedError, type Trial } from "../src/index.js";
import { TestServer } from "./server.js";
import { SweepInMemory } from "./services.js";

const RUN = { WANLLMDB_SWEEP_ID: "s1", WANLLMDB_RUN_NUMBER: "0", WANLLMDB_RUN_ATTEMPT: "1" };

/** Executes a trial as the program of a command agent does. */
async function execute(
  sweep: SweepInMemory,
  trial: Trial,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using server = await TestServer.start(sweep.routes);
  using client = new Client({ env: { ...server.env, ...RUN, ...variables } });
  await client.child(trial);
}

test("a child's values and config arrive, and its end is left to the agent", async () => {
  const sweep = new SweepInMemory(1);
  await execute(sweep, async (run) => {
    run.setConfig({ batch: 32 });
    await run.log({ loss: 1 });
  });

  expect(sweep.reports.flatMap(({ rows }) => rows)).toMatchObject([{ values: { loss: 1 } }]);
  expect(sweep.updates).toMatchObject([
    { run: { config: { batch: { kind: { value: 32n } } } }, paths: ["config"] },
  ]);
  expect(sweep.ends).toEqual([]);
});

test("a child that stops by itself ends its run as canceled", async () => {
  const sweep = new SweepInMemory(1);
  await execute(sweep, () => {
    throw new RunStoppedError("no such optimizer");
  });

  expect(sweep.ends.map(({ outcome }) => outcome)).toMatchObject([
    { case: "canceled", value: { reason: "no such optimizer" } },
  ]);
});

test("a child's own error is not hidden by one of the registry", async () => {
  const sweep = new SweepInMemory(1);
  sweep.onReport = () => {
    throw new ConnectError("not yours", Code.PermissionDenied);
  };
  const failed = execute(sweep, async (run) => {
    await run.log({ loss: 1 });
    throw new Error("no more memory");
  });

  await expect(failed).rejects.toThrow("no more memory");
});

test.each([
  ["of rank 0", { RANK: "0", LOCAL_RANK: "3" }, undefined],
  ["of rank 2", { RANK: "2" }, "RANK=2"],
  ["of rank 1 on its machine", { SLURM_LOCALID: "1" }, "SLURM_LOCALID=1"],
  ["of rank 2, where all report", { RANK: "2", WANLLMDB_ALL_RANKS: "1" }, undefined],
  ["with the rank of its agent", { RANK: "2", WANLLMDB_AGENT_RANKS: '{"RANK": "2"}' }, undefined],
  [
    "of another launch",
    { RANK: "2", WORLD_SIZE: "4", WANLLMDB_AGENT_RANKS: '{"RANK": "2"}' },
    "RANK=2",
  ],
  ["whose agent has an invalid text", { RANK: "2", WANLLMDB_AGENT_RANKS: "{" }, "RANK=2"],
  ["without a rank", { MASTER_PORT: "1" }, undefined],
])("whether a process %s is silent", (_name, env, expected) => {
  expect(silentRank(env)).toBe(expected);
});

test("a silent child gets its parameters, and reports nothing", async () => {
  const sweep = new SweepInMemory(1);
  let lr: unknown;
  const trial: Trial = async (run) => {
    lr = run.params.lr;
    run.describe({ name: "first" });
    run.setConfig({ batch: 32 });
    run.setSummary({ loss: 2 });
    await run.log({ loss: 1 });
  };
  await execute(sweep, trial, { RANK: "1" });

  expect(lr).toBe(0.01);
  expect([sweep.reports, sweep.updates, sweep.ends]).toEqual([[], [], []]);
});
