import type { Page } from "playwright-core";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, inject, test } from "../harness/test";

/** The row of the sweep with this name. */
function rowOf(page: Page, name: string) {
  return page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
}

describe("the list of sweeps", () => {
  test("shows each sweep with its state, progress and best value", async ({ page }) => {
    await page.goto("/sweeps?project=seeded");
    const row = rowOf(page, "digits");
    await row.getByText("paused").waitFor();
    await row.getByText("70 / 200").waitFor();
    await row.getByText("val_accuracy").waitFor();
  });

  test("opens a sweep by its name", async ({ page }) => {
    await page.goto("/sweeps?project=seeded");
    await page.getByRole("link", { name: "digits-hyperband", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "digits-hyperband" }).waitFor();
    expect(page.url()).toContain(inject("seeded").hyperband);
  });

  test("keeps the filter in the address, also after a reload", async ({ page }) => {
    await page.goto("/sweeps?project=seeded");
    await page.getByLabel(/^State: /).click();
    await page.getByLabel("paused", { exact: true }).check();
    await page
      .getByRole("link", { name: "digits-hyperband", exact: true })
      .waitFor({ state: "detached" });
    await page.reload();
    await page.getByLabel("State: paused").waitFor();
    await page.getByRole("link", { name: "digits", exact: true }).waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
  });

  test("finds sweeps by a part of their name, and says when none matches", async ({ page }) => {
    await page.goto("/sweeps");
    const search = page.getByRole("searchbox");
    await search.fill("igits-hyper");
    await search.press("Enter");
    await page.getByRole("link", { name: "digits-hyperband", exact: true }).waitFor();
    await eventually(() => page.getByRole("row").count()).toBe(2);
    await search.fill("no sweep has this name");
    await search.press("Enter");
    await page.getByRole("heading", { name: "No sweep matches" }).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByRole("link", { name: "digits-hyperband", exact: true }).waitFor();
  });

  test("shows a new sweep, and each change of it, without a reload", async ({
    page,
    api,
    agents,
  }) => {
    const project = `live-${process.pid}`;
    await page.goto(`/sweeps?project=${project}`);
    await page.getByRole("heading", { name: "No sweep matches" }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    const { id, name } = await newSweep(api, { project, run_cap: 4 });
    const row = rowOf(page, name);
    await row.getByText("running").waitFor();
    await agents.finishRuns(id, "loss", [0.5, 0.25]);
    await row.getByText("2 / 4").waitFor();
    await row
      .getByText(/^0\.25/)
      .first()
      .waitFor();
    await api.registry.pauseSweep({ sweepId: id, requestId: crypto.randomUUID() });
    await row.getByText("paused").waitFor();
    await api.registry.deleteSweep({ sweepId: id, requestId: crypto.randomUUID() });
    await row.waitFor({ state: "detached" });
  });
});
