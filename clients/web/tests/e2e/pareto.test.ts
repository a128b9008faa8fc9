import { createClient } from "@connectrpc/connect";
import type { Page } from "playwright-core";
import { SuggestionService } from "../../src/gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import { chartOf, colorsOf, csvRows, downloadOf } from "../harness/look";
import { describe, eventually, expect, inject, test } from "../harness/test";

const { digits, threeMetrics, twoMetrics } = inject("seeded");

async function open(page: Page, sweep: string, search = "") {
  await page.goto(`/sweeps/${sweep}/pareto${search}`);
  await page.getByText(/of 30 runs, \d+ on the front/).waitFor();
}

async function frontOf(page: Page): Promise<number[]> {
  const links = page.getByRole("region", { name: "Runs on the front" }).locator("tbody a");
  return (await links.allInnerTexts()).map(Number).sort((one, other) => one - other);
}

describe("the Pareto front", () => {
  for (const sweep of [twoMetrics, threeMetrics]) {
    test(`is the one that the server finds: ${sweep}`, async ({ page, api }) => {
      await open(page, sweep);
      const { runs } = await createClient(SuggestionService, api.transport).getBestRuns({
        sweepId: sweep,
        count: 1_000,
      });
      await eventually(() => frontOf(page)).toEqual(runs.map(({ number }) => Number(number)));
    });
  }

  test("is drawn with the runs, and given as a file", async ({ page }) => {
    await open(page, twoMetrics);
    await eventually(() => colorsOf(page.locator(".pareto-plot"))).toBeGreaterThan(5);
    const front = await frontOf(page);
    const csv = await downloadOf(page, () =>
      page.getByRole("button", { name: "Best runs: download CSV" }).click(),
    );
    const numbers = csvRows(csv).map(({ number }) => Number(number));
    expect(numbers.sort((one, other) => one - other)).toEqual(front);
  });

  test("has a tab only in a sweep with several metrics", async ({ page }) => {
    await open(page, twoMetrics);
    await page.goto(`/sweeps/${digits}`);
    await page.getByRole("link", { name: "Analysis", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "Pareto", exact: true }).count()).toBe(0);
    await page.goto(`/sweeps/${digits}/pareto`);
    await page.getByText("This sweep has one metric or none").waitFor();
  });

  test("a rectangle filters the runs of all pages, and can be cleared", async ({ page }) => {
    await open(page, twoMetrics);
    const box = await page.locator(".pareto-plot").boundingBox();
    if (box === null) throw new Error("the chart is not on the screen");
    await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 390, { steps: 4 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Clear the rectangle" }).waitFor();
    const counts = await page.locator(".pareto-counts").first().textContent();
    const matching = Number(/^(\d+)\s*of 30/.exec(counts ?? "")?.[1]);
    expect(matching).toBeGreaterThan(0);
    expect(matching).toBeLessThan(30);
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page.getByText(`${matching} of 30 runs`).first().waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Clear the rectangle" }).click();
    await page.getByText(/^30\s*of 30 runs/).waitFor();
  });

  test("the arrow keys go along the front, and Enter opens the run", async ({ page }) => {
    await open(page, twoMetrics);
    await page.locator(".pareto-plot").focus();
    await page.keyboard.press("End");
    const run = page.locator(".pareto-tip a");
    const name = await run.textContent();
    await page.keyboard.press("ArrowLeft");
    await eventually(() => run.textContent()).not.toBe(name);
    const number = /\d+/.exec((await run.textContent()) ?? "")?.[0];
    await page.keyboard.press("Enter");
    await eventually(() => page.url()).toMatch(new RegExp(`/runs\\?.*run=${number}\\b`));
  });

  test("a pair of three metrics is enlarged", async ({ page }) => {
    await open(page, threeMetrics);
    const pair = page.getByRole("button", { name: "seconds by leaves", exact: true });
    await pair.click();
    await eventually(() => pair.getAttribute("aria-pressed")).toBe("true");
    expect(await page.getByLabel("Horizontal").inputValue()).toBe("leaves");
    expect(await page.getByLabel("Vertical").inputValue()).toBe("seconds");
  });

  test("the hypervolume is measured from the point that the address has", async ({ page }) => {
    await open(page, twoMetrics);
    const panel = await chartOf(page, "Hypervolume");
    await panel.getByText(/^Measured from val_accuracy/).waitFor();
    await panel.getByLabel(/^leaves/).fill("100000");
    await panel.getByLabel(/^leaves/).press("Enter");
    await panel.getByText(/leaves 100,000/).waitFor();
    await page.reload();
    await (await chartOf(page, "Hypervolume")).getByText(/leaves 100,000/).waitFor();
  });
});
