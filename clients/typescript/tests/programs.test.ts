import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { TestServer } from "./server.js";
import { SweepInMemory } from "./services.js";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

beforeAll(async () => {
  // The programs import the package by its name.
  const compiler = `${FOLDER}/node_modules/typescript/bin/tsc`;
  await run(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: FOLDER });
});

test.each(["train", "child"])("the README shows examples/%s.ts", async (name) => {
  const readme = await readFile(`${FOLDER}/README.md`, "utf8");
  const program = await readFile(`${FOLDER}/examples/${name}.ts`, "utf8");

  expect(readme).toContain(`\`\`\`ts\n${program}\`\`\``);
});

test("an agent's program executes all runs and prints the best one", async () => {
  const sweep = new SweepInMemory(2);
  await using server = await TestServer.start(sweep.routes);

  const { stdout } = await execute("train", server.env);

  expect(stdout).toBe("best: run 0, loss 0.250\n");
  expect(sweep.ends.map(({ outcome }) => outcome.case)).toEqual(["succeeded", "succeeded"]);
});

test("the agent of the documentation executes all runs of the sweep", async () => {
  const sweep = new SweepInMemory(2);
  await using server = await TestServer.start(sweep.routes);

  await execute("agent", server.env, "s1");

  expect(sweep.ends.map(({ outcome }) => outcome.case)).toEqual(["succeeded", "succeeded"]);
});

test("the program of a command agent reports its run and leaves its end to the agent", async () => {
  const sweep = new SweepInMemory(1);
  await using server = await TestServer.start(sweep.routes);

  await execute("child", {
    ...server.env,
    WANLLMDB_SWEEP_ID: "s1",
    WANLLMDB_RUN_NUMBER: "0",
    WANLLMDB_RUN_ATTEMPT: "1",
  });

  expect(sweep.reports.flatMap(({ rows }) => rows)).toHaveLength(5);
  expect(sweep.ends).toEqual([]);
});

test("heartbeats go on while the code of a run blocks its thread", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sweeps-"));
  const file = join(folder, "go-on");
  const sweep = new SweepInMemory(1, 600, (count) => {
    if (count === 3) writeFileSync(file, "");
  });
  await using server = await TestServer.start(sweep.routes);
  try {
    await run(process.execPath, [`${FOLDER}/tests/programs/blocking.ts`, "s1", file], {
      env: { ...process.env, ...server.env },
    });
  } finally {
    await rm(folder, { recursive: true });
  }

  expect(sweep.heartbeats).toBeGreaterThanOrEqual(3);
  expect(sweep.ends.map(({ outcome }) => outcome.case)).toEqual(["succeeded"]);
});

async function execute(
  name: string,
  env: Record<string, string>,
  ...args: string[]
): Promise<{ stdout: string }> {
  return await run(process.execPath, [`${FOLDER}/examples/${name}.ts`, ...args], {
    env: { ...process.env, ...env },
  });
}
