import type { Page } from "playwright-core";
import { chartOf, colorsOf, csvRows, downloadOf } from "../harness/look";

import { describe, eventually, expect, inject, test } from "../harness/test";

const CHARTS = [
  "Optimization history",
  "Learning curves",
  "Timeline of agents",
  "Distribution of the objective",
  "Importance: fANOVA",
  "Importance: mean decrease impurity",
  "Importance: PED-ANOVA",
  "Slices",
  "Contour",
  "Rank",
  "Correlations",
];

/** Returns the data of a chart, as its file has it. */
async function rowsOf(page: Page, title: string) {
  const button = (await chartOf(page, title)).getByRole("button", { name: /CSV/ });
  return csvRows(await downloadOf(page, () => button.click()));
}

describe("the analysis of a sweep", () => {
  test.for(CHARTS)(
    "%s is drawn, and has its data as a table and as CSV",
    async (title, { page }) => {
      await page.goto(`/sweeps/${inject("seeded").digits}/analysis`);
      const chart = await chartOf(page, title);
      await chart.locator("canvas, svg").first().waitFor({ timeout: 40_000 });
      if ((await chart.locator("canvas").count()) > 0) {
        await eventually(() => colorsOf(chart)).toBeGreaterThan(2);
      }
      await chart.getByRole("button", { name: "Show data as a table" }).click();
      await chart.getByRole("table").waitFor();
      const shown = (await chart.getByRole("row").count()) - 1;
      const csv = await downloadOf(page, () => chart.getByRole("button", { name: /CSV/ }).click());
      expect(shown).toBeGreaterThan(1);
      expect(csvRows(csv).length).toBeGreaterThanOrEqual(shown);
      await chart.getByRole("button", { name: "Show data as a table" }).click();
    },
  );

  test("history and rank obey the filter in the address", async ({ page }) => {
    const where = JSON.stringify([{ key: "parameter:hidden_units", min: 64 }]);
    const filter = `where=${encodeURIComponent(where)}`;
    await page.goto(`/sweeps/${inject("seeded").digits}/analysis?${filter}`);
    const summary = page.locator(".analysis-filter summary");
    await eventually(() => summary.textContent()).toMatch(/\d+ of 72 runs, \d+ with a result/);
    const shown = Number(/(\d+) with a result/.exec((await summary.textContent()) ?? "")?.[1]);
    expect(shown).toBeGreaterThan(5);
    expect(shown).toBeLessThan(60);
    const [history, rank] = [
      await rowsOf(page, "Optimization history"),
      await rowsOf(page, "Rank"),
    ];
    expect(history.length).toBe(shown);
    expect(rank.map(({ run }) => run)).toEqual(history.map(({ run }) => run));
    await page.getByRole("button", { name: "Show all runs" }).click();
    await eventually(() => summary.textContent()).toContain("all 72 runs");
    expect((await rowsOf(page, "Optimization history")).length).toBeGreaterThan(60);
  });

  test("learning curves show the rungs at which runs were stopped", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").hyperband}/analysis`);
    const chart = await chartOf(page, "Learning curves");
    const rungs = chart.locator(".rungs li");
    await rungs.first().waitFor();
    expect(await rungs.first().textContent()).toMatch(/^iteration 3: needs 0\.\d+, of 20 runs$/);
    await chart.getByLabel("Across").selectOption("time");
    await chart.getByText("Choose step or iteration across to see its lines.").waitFor();
    await chart.getByLabel("Across").selectOption("iteration");
    await chart.getByRole("combobox", { name: /^Runs/ }).selectOption("selected");
    await chart.getByLabel("Numbers").fill("0, 1-2");
    await chart.getByLabel("Numbers").press("Enter");
    await eventually(() => chart.locator(".key-run").allTextContents()).toEqual([
      "run 0",
      "run 1",
      "run 2",
    ]);
    const rows = await rowsOf(page, "Learning curves");
    // Run 0 is one of those that reached the end, after 9 values; the others were stopped after 3.
    expect(rows.length).toBe(9 + 3 + 3);
    await page.reload();
    await eventually(() => chart.locator(".key-run").count()).toBe(3);
  });

  test("says how many runs a chart needs", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").empty}/analysis`);
    const chart = await chartOf(page, "Importance: fANOVA");
    await chart.getByText("Not enough finished runs yet").waitFor();
  });

  test("explains failed calls, and asks again", async ({ page, faults }) => {
    faults.allow(/^answer 500: .*GetParameterImportance/);
    let broken = true;
    await page.route("**/GetParameterImportance*", (route) =>
      broken ? route.fulfill({ status: 500, body: "" }) : route.fallback(),
    );
    await page.goto(`/sweeps/${inject("seeded").digits}/analysis`);
    const chart = await chartOf(page, "Importance: fANOVA");
    const problem = chart.getByRole("alert");
    await problem.waitFor();
    broken = false;
    await problem.getByRole("button", { name: "Try again" }).click();
    await chart.getByRole("img").waitFor({ timeout: 60_000 });
  });
});
