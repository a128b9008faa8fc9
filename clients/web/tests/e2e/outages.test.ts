import { afterAll, beforeAll } from "vitest";
import type { Services } from "../../src/rpc/transport";
import { type Platform, startPlatform } from "../harness/platform";
import { newSweep } from "../harness/sweeps";
import { apiOf, describe, eventually, inject, test } from "../harness/test";

let platform: Platform;
let api: Services;

beforeAll(async () => {
  if (inject("browser") === "") return;
  platform = await startPlatform();
  api = apiOf(platform.ready().dashboard);
});
afterAll(() => platform?.stop());

/** Kills a part of the platform outright, and waits until another process answers in its place. */
async function kill(part: "gateway" | "registry"): Promise<void> {
  const [pid = 0] = platform.ready().pids[part];
  process.kill(pid, "SIGKILL");
  await eventually(() => platform.ready().pids[part][0], 60_000).not.toBe(pid);
  await eventually(answers, 60_000).toBe(true);
}

/** Returns whether a call passes the gateway and the registry, which readiness says a little late. */
async function answers(): Promise<boolean> {
  try {
    await api.registry.listProjects({});
    return true;
  } catch {
    return false;
  }
}

async function pause(id: string): Promise<void> {
  await api.registry.pauseSweep({ sweepId: id, requestId: crypto.randomUUID() });
}

describe("a part of the platform that dies", () => {
  test.for(["gateway", "registry"] as const)(
    "the %s: open pages say so, and go on by themselves",
    async (part, { newContext, faults }) => {
      faults.allow(/net::ERR_/, /^answer 503: /);
      const { id } = await newSweep(api);
      const context = await newContext({ baseURL: platform.ready().dashboard });
      const page = await context.newPage();
      await page.goto(`/sweeps/${id}`);
      const status = page.locator(".title-row").getByRole("status");
      await status.getByText("Live", { exact: true }).waitFor();
      const broken = status.getByText(/Connection lost|No connection|Connecting/).waitFor();
      await Promise.all([broken, kill(part)]);
      await pause(id);
      await page.getByRole("button", { name: "Resume", exact: true }).waitFor({ timeout: 60_000 });
      await status.getByText("Live", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Resume", exact: true }).click();
      await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    },
  );

  test("the table of runs goes on where it was", async ({ newContext, faults }) => {
    faults.allow(/net::ERR_/, /^answer 503: /);
    const { id } = await newSweep(api);
    await api.registry.enqueueRuns({ sweepId: id, runs: [{}, {}], requestId: crypto.randomUUID() });
    const context = await newContext({ baseURL: platform.ready().dashboard });
    const page = await context.newPage();
    await page.goto(`/sweeps/${id}/runs`);
    await page.getByText("2 of 2 runs").first().waitFor();
    await kill("registry");
    await api.registry.enqueueRuns({ sweepId: id, runs: [{}], requestId: crypto.randomUUID() });
    await page.getByText("3 of 3 runs").first().waitFor({ timeout: 60_000 });
  });
});
