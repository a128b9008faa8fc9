import type { Page } from "playwright-core";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, inject, test } from "../harness/test";

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** The list of the seeded sweeps, in one order. */
async function list(page: Page): Promise<void> {
  await page.goto("/sweeps?project=seeded");
  await page.getByRole("link", { name: "digits-hyperband", exact: true }).waitFor();
}

function help(page: Page) {
  return page.getByRole("dialog", { name: "Keyboard shortcuts" });
}

describe("the shortcuts", () => {
  test("are listed by ?, and can be switched off for good", async ({ page }) => {
    await list(page);
    await press(page, "?");
    await help(page).getByText("Go to the sweeps").waitFor();
    await help(page).getByText("Go to the next row").waitFor();
    await help(page).getByLabel("Shortcuts are on").uncheck();
    await press(page, "Escape");
    await help(page).waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("link", { name: "digits-hyperband", exact: true }).waitFor();
    await press(page, "g", "n", "?");
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    expect(await help(page).getByLabel("Shortcuts are on").isChecked()).toBe(false);
    expect(page.url()).toContain("/sweeps?project=seeded");
    await help(page).getByLabel("Shortcuts are on").check();
    await help(page).getByRole("button", { name: "Close" }).click();
    await press(page, "g", "n");
    await eventually(() => page.url()).toMatch(/\/sweeps\/new$/);
  });

  test("go to the sweeps, and not while the user types", async ({ page }) => {
    await page.goto("/compare");
    const field = page.getByRole("combobox", { name: "Add a sweep" });
    await field.focus();
    await press(page, "g", "s", "?");
    expect(await field.inputValue()).toBe("gs?");
    await field.fill("");
    await press(page, "Escape");
    await page.getByRole("heading", { level: 1 }).click();
    await press(page, "g", "s");
    await page.getByRole("heading", { level: 1, name: "Sweeps" }).waitFor();
  });

  test("search the list, and filter the runs", async ({ page }) => {
    await list(page);
    await press(page, "/");
    await page.keyboard.type("igits-hyper");
    await press(page, "Enter");
    await eventually(() => page.getByRole("row").count()).toBe(2);
    expect(await page.getByRole("searchbox").inputValue()).toBe("igits-hyper");
    await page.goto(`/sweeps/${inject("seeded").digits}/runs`);
    await page.getByRole("grid", { name: "Runs" }).waitFor();
    await press(page, "/");
    await page.getByRole("region", { name: "Filter of runs" }).waitFor();
  });

  test("go through the list, select and open sweeps", async ({ page }) => {
    await list(page);
    const names = await page.locator("tbody tr td a, tbody tr th a").allTextContents();
    await press(page, "j", "j", "j", "k");
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    expect(await focused()).toBe(names[1]);
    await press(page, "x");
    await page.getByRole("region", { name: "Selected sweeps" }).getByText("1 selected").waitFor();
    expect(await focused(), "the focus stays at the row").toBe(names[1]);
    await press(page, "j", "x");
    await page.getByText("2 selected").waitFor();
    await press(page, "Enter");
    await page.getByRole("heading", { level: 1, name: names[2] ?? "" }).waitFor();
  });

  test("pause and resume a sweep", async ({ page, api }) => {
    const { id } = await newSweep(api);
    await page.goto(`/sweeps/${id}`);
    const state = page.locator(".title-row .state");
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    await press(page, "p");
    await state.getByText("paused").waitFor();
    await press(page, "p");
    await state.getByText("running").waitFor();
  });
});
