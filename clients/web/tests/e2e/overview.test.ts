import { chartOf, colorsOf, csvRows, downloadOf } from "../harness/look";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, inject, test } from "../harness/test";

describe("the overview of a sweep", () => {
  test("counts the runs in each state", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}`);
    for (const [state, count] of [
      ["finished", 63],
      ["pruned", 3],
      ["failed", 3],
      ["queued", 2],
      ["canceled", 1],
    ]) {
      await page
        .getByText(new RegExp(`^${state}\\s*${count}$`))
        .first()
        .waitFor();
    }
  });

  test("draws the history; its table and its CSV have the same runs", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}`);
    const chart = await chartOf(page, "Optimization history");
    await chart.getByRole("img").waitFor();
    await eventually(() => colorsOf(chart)).toBeGreaterThan(2);
    await chart.getByRole("button", { name: "Show data as a table" }).click();
    await eventually(() => chart.getByRole("row").count()).toBe(64);
    const rows = csvRows(
      await downloadOf(page, () => chart.getByRole("button", { name: /CSV/ }).click()),
    );
    expect(rows).toHaveLength(63);
    expect(Number(rows.at(-1)?.["best so far"])).toBeGreaterThan(0.9);
  });

  test("draws what mattered", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}`);
    const chart = await chartOf(page, "Parameter importance");
    const bars = chart.getByRole("img");
    await bars.waitFor({ timeout: 40_000 });
    const label = await bars.getAttribute("aria-label");
    expect(label).toMatch(/learning_rate \d+\.\d %/);
  });

  test("names what happened, and shows the config", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}`);
    const events = await chartOf(page, "Events");
    await events
      .getByText(/paused/i)
      .first()
      .waitFor();
    await events
      .getByText(/enqueued/i)
      .first()
      .waitFor();
    const config = await chartOf(page, "Configuration");
    await config.getByText("learning_rate:").waitFor();
  });

  test("shows what a running agent does as it happens", async ({ page, api, agents }) => {
    const { id } = await newSweep(api, { run_cap: 3 });
    await page.goto(`/sweeps/${id}`);
    await page.getByText(`wanllmdb agent ${id}`).first().waitFor();
    await agents.work(id, 2);
    const best = page.getByRole("region", { name: "Best run" });
    await best.getByText("0.5", { exact: true }).waitFor({ timeout: 40_000 });
    const chart = await chartOf(page, "Agents");
    await chart.getByText("worker-1").waitFor();
  });

  test("lists the best runs of a sweep with several metrics", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").twoMetrics}`);
    const best = await chartOf(page, "Best runs");
    await best.getByRole("columnheader", { name: "leaves" }).waitFor();
    expect(await best.getByRole("row").count()).toBeGreaterThan(2);
  });

  test("lets the user choose the metric of the charts", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").twoMetrics}`);
    const history = await chartOf(page, "Optimization history");
    await history.getByRole("img", { name: /best val_accuracy/ }).waitFor();
    await page.getByRole("combobox", { name: /^Metric/ }).selectOption("leaves");
    await history.getByRole("img", { name: /best leaves/ }).waitFor();
  });
});
