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

/** The files of the package. */
let packed: readonly string[];

beforeAll(async () => {
  // Makes the package as for its release, which the programs then import by its name.
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--silent"], { cwd: FOLDER });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  packed = files.map(({ path }) => path);
});

test("the package has what its exports promise, and nothing of its tests", async () => {
  const { exports } = JSON.parse(await readFile(`${FOLDER}/package.json`, "utf8"));
  const promised = Object.values<string | Record<string, string>>(exports)
    .flatMap((target) => (typeof target === "string" ? target : Object.values(target)))
    .map((path) => path.replace("./", "").replace("*", "registry/v1/run"));

  // The thread of heartbeats is a file of its own.
  const others = ["dist/agent/leaseWorker.js", "src/index.ts", "LICENSE", "README.md"];
  expect(packed).toEqual(expect.arrayContaining([...promised, ...others]));
  expect(packed.filter((path) => !/^(dist|src)\//.test(path)).sort()).toEqual([
    "LICENSE",
    "README.md",
    "package.json",
  ]);
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
