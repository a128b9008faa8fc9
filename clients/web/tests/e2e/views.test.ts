import type { Page } from "playwright-core";
import { csvRows, downloadOf } from "../harness/look";
import { describe, eventually, expect, inject, test } from "../harness/test";

const { digits, hyperband } = inject("seeded");

async function open(page: Page, sweep: string, search = ""): Promise<void> {
  await page.goto(`/sweeps/${sweep}/runs${search}`);
  await page.getByRole("grid", { name: "Runs" }).waitFor();
}

/** The address of the runs that early termination stopped, the best first. */
const PRUNED = `?states=${encodeURIComponent('["pruned"]')}&sort=-objective:val_accuracy`;

/** Opens the menu of views. */
async function views(page: Page) {
  await page.getByRole("button", { name: /^View(s|:)/ }).click();
  return page.getByRole("region", { name: "Saved views" });
}

async function save(page: Page, name: string): Promise<void> {
  const menu = await views(page);
  await menu.getByRole("textbox").fill(name);
  await menu.getByRole("button", { name: "Save", exact: true }).click();
  await menu.getByRole("button", { name: `Rename ${name}` }).waitFor();
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "detached" });
}

describe("the views of a table", () => {
  test("keep filter and order, are renamed and deleted", async ({ page }) => {
    await open(page, digits, PRUNED);
    await page.getByText("3 of 72 runs").first().waitFor();
    await save(page, "stopped early");
    await open(page, digits);
    await page.getByText("72 of 72 runs").first().waitFor();
    await (await views(page)).getByRole("button", { name: "stopped early", exact: true }).click();
    await page.getByText("3 of 72 runs").first().waitFor();
    const heading = page.getByRole("columnheader", { name: "val_accuracy" });
    await eventually(() => heading.getAttribute("aria-sort")).toBe("descending");
    await page.getByRole("button", { name: "View: stopped early" }).waitFor();
    const menu = await views(page);
    await menu.getByRole("button", { name: "Rename stopped early" }).click();
    await menu.getByLabel("New name of stopped early").fill("pruned");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "View: pruned" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "View: pruned" }).waitFor();
    const again = await views(page);
    await again.getByRole("button", { name: "Delete pruned" }).press("Enter");
    await again.getByRole("button", { name: "Delete pruned" }).waitFor({ state: "detached" });
    // The focus is still inside, so that Escape closes the menu.
    await page.keyboard.press("Escape");
    await again.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Views", exact: true }).waitFor();
    await eventually(() => page.evaluate(() => JSON.stringify(localStorage))).not.toContain(
      "wanllmdb.views",
    );
  });

  test("the default one opens with each table of the project, and gives way to an address", async ({
    page,
  }) => {
    await open(page, digits, PRUNED);
    await page.getByText("3 of 72 runs").first().waitFor();
    await save(page, "first");
    await (await views(page)).getByRole("button", { name: "Open tables with first" }).click();
    await open(page, hyperband);
    await page.getByRole("button", { name: "View: first" }).waitFor();
    await eventually(() => page.url()).toContain("pruned");
    await open(page, hyperband, "?sort=run");
    await page.getByText("20 of 20 runs").first().waitFor();
  });
});

describe("the columns of a table", () => {
  test("are chosen by keys, which stay in the menu", async ({ page }) => {
    await open(page, digits);
    await page.getByRole("button", { name: "Columns", exact: true }).press("Enter");
    const menu = page.getByRole("region", { name: "Columns" });
    await menu.getByRole("checkbox", { name: "momentum" }).press("Space");
    await page.getByRole("columnheader", { name: "momentum" }).waitFor({ state: "detached" });
    await menu.getByRole("group", { name: "Parameters" }).getByLabel("momentum").press("Space");
    await page.getByRole("columnheader", { name: "momentum" }).waitFor();
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "detached" });
  });
});

describe("a comparison of runs", () => {
  test("is made of the selected runs, and is in the address", async ({ page }) => {
    await open(page, digits);
    for (const number of [59, 58, 57]) {
      await page.getByLabel(`Select run ${number}`).check();
    }
    await page.getByRole("button", { name: "Compare runs" }).click();
    const compared = page.getByRole("region", { name: "The runs side by side" });
    await compared.getByRole("columnheader", { name: "Run 59" }).waitFor();
    await compared.getByRole("row", { name: /^epochs/ }).waitFor();
    await compared.getByLabel("Only differences").check();
    await compared.getByRole("row", { name: /^epochs/ }).waitFor({ state: "detached" });
    await compared.getByRole("row", { name: /^learning_rate ?, differs/ }).waitFor();
    await compared.getByRole("button", { name: "Leave out run 58" }).click();
    await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
    await compared.getByRole("columnheader", { name: "Run 57" }).waitFor();
    const csv = await downloadOf(page, () =>
      page.getByRole("button", { name: "CSV", exact: true }).first().click(),
    );
    expect(csvRows(csv).length).toBeGreaterThan(5);
    await page.getByRole("button", { name: "Back to the table" }).click();
    await page.getByText("72 of 72 runs").first().waitFor();
  });
});
