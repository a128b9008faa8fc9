import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { PROGRAMS } from "../harness/platform";
import { newSweep } from "../harness/sweeps";
import { apiOf, describe, expect, inject, test } from "../harness/test";
import { type Measured, print, sized, timed } from "./budget";

const COUNT = 100_000;
const ALL = `${COUNT.toLocaleString("en")} of ${COUNT.toLocaleString("en")} runs`;
const CONFIG = {
  method: "random",
  metric: { name: "loss", goal: "minimize" },
  parameters: {
    x: { distribution: "uniform", min: 0, max: 1 },
    depth: { min: 0, max: 30 },
    width: { min: 8, max: 508 },
    rate: { distribution: "log_uniform_values", min: 1e-5, max: 1 },
    kind: { values: ["adam", "sgd", "rmsprop"] },
  },
};

const rows: Measured[] = [];
let sweep = "";

beforeAll(async () => {
  if (inject("browser") === "") return;
  ({ id: sweep } = await newSweep(apiOf(inject("dashboard")), CONFIG));
  execFileSync(
    join(PROGRAMS, "python"),
    [fileURLToPath(new URL("../harness/fill.py", import.meta.url)), sweep, String(COUNT)],
    {
      env: {
        ...process.env,
        DATABASE_URL: inject("databaseUrl"),
        WANLLMDB_REGISTRY: inject("registry"),
        WANLLMDB_SUGGESTION: inject("suggestion"),
      },
    },
  );
});
afterAll(() => {
  if (rows.length > 0) print(rows);
});

async function note(page: Page, name: string, budgetMs: number, measuredMs: number): Promise<void> {
  const row = await timed(page, name, budgetMs, measuredMs);
  rows.push(row);
  expect(row.isPast, `${name}: ${row.measured} of ${row.budget}`).toBe(false);
}

/** Returns how many milliseconds something takes. */
async function during(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

function shown(page: Page, text: string) {
  return page.locator(".run-count").filter({ hasText: text }).waitFor({ timeout: 60_000 });
}

describe("with 100,000 runs", () => {
  test("the list of sweeps is shown at once", async ({ page }) => {
    const list = await during(async () => {
      await page.goto("/sweeps");
      await page.getByRole("link", { name: "digits-hyperband", exact: true }).waitFor();
    });
    const paint = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    );
    await note(page, "first contentful paint, cold", 1_000, paint);
    await note(page, "the list of sweeps", 500, list);
  });

  test("the table loads, sorts, filters and follows changes", async ({ page, api }) => {
    const began = performance.now();
    await page.goto(`/sweeps/${sweep}/runs`);
    await page.locator(".run-grid tbody tr:not(.gap)").first().waitFor();
    const first = performance.now() - began;
    await shown(page, ALL);
    const all = performance.now() - began;
    await note(page, "first rows", 500, first);
    await note(page, "100,000 runs", 3_000, all);

    const heading = page.getByRole("columnheader", { name: "x", exact: true });
    const sort = await page.evaluate(async () => {
      const head = document.querySelector<HTMLElement>('.run-grid th[title="x"]');
      const start = performance.now();
      head?.click();
      while (head?.getAttribute("aria-sort") === null) {
        await new Promise(requestAnimationFrame);
      }
      return performance.now() - start;
    });
    expect(await heading.getAttribute("aria-sort")).not.toBe(null);
    await note(page, "sort", 100, sort);

    const filter = await during(async () => {
      await page.evaluate(() => {
        const where = encodeURIComponent('[{"key":"parameter:x","max":0.5}]');
        history.pushState({}, "", `${location.pathname}?where=${where}`);
        window.dispatchEvent(new PopStateEvent("popstate"));
      });
      await page.locator(".run-count").filter({ hasNotText: ALL }).waitFor();
    });
    await note(page, "filter", 100, filter);

    // The watch joins the changes of a second; the budget is that of a change by itself.
    await new Promise((later) => setTimeout(later, 1_200));
    const change = await during(async () => {
      await api.registry.enqueueRuns({
        sweepId: sweep,
        runs: [{}],
        requestId: crypto.randomUUID(),
      });
      await page.locator(".run-count").filter({ hasText: "100,001 runs" }).waitFor();
    });
    await note(page, "a change, from its call to the screen", 250, change);

    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    // The columns are typed arrays, whose content lies beside the heap of scripts.
    const { usedSize, backingStorageSize = 0 } = await session.send("Runtime.getHeapUsage");
    const bytes = usedSize + backingStorageSize;
    rows.push(sized("heap of the table", 150, bytes / 1_000_000, "MB"));
    expect(rows.at(-1)?.isPast).toBe(false);
  });

  test("a brush on an axis follows the pointer", async ({ page }) => {
    await page.goto(`/sweeps/${sweep}/parallel`);
    const grip = page.locator(".parallel-plot .grip").first();
    await grip.waitFor({ timeout: 60_000 });
    await page
      .getByText(/^100,00\d of 100,00\d runs$/)
      .first()
      .waitFor({ timeout: 60_000 });
    const box = await grip.boundingBox();
    if (box === null) throw new Error("the axis is not on the screen");
    const x = box.x + box.width / 2;
    await page.mouse.move(x, box.y + 4);
    await page.mouse.down();
    const frames = 20;
    const drag = await during(async () => {
      for (let frame = 1; frame <= frames; frame++) {
        await page.mouse.move(x, box.y + 4 + (box.height * frame) / (2 * frames));
        await page.evaluate(() => new Promise(requestAnimationFrame));
      }
    });
    await page.mouse.up();
    await note(page, "a frame of a brush", 60, drag / frames);
  });
});
