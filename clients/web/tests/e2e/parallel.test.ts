import type { Page } from "playwright-core";
import { colorsOf } from "../harness/look";
import { describe, eventually, expect, inject, test } from "../harness/test";

/** The names of the axes from the left to the right. */
function axes(page: Page): Promise<string[]> {
  return page.locator(".parallel-titles .name bdi").allTextContents();
}

describe("the parallel coordinates", () => {
  test("draw the runs", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}/parallel`);
    await page.getByText("72 of 72 runs").first().waitFor();
    await eventually(() => colorsOf(page.locator("main"))).toBeGreaterThan(10);
  });

  test("a brush on an axis filters the table too", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}/parallel`);
    await page.getByText("72 of 72 runs").first().waitFor();
    const grip = page.locator(".parallel-plot .grip").first();
    const box = await grip.boundingBox();
    if (box === null) throw new Error("the axis is not on the screen");
    const x = box.x + box.width / 2;
    await page.mouse.move(x, box.y + box.height * 0.02);
    await page.mouse.down();
    await page.mouse.move(x, box.y + box.height * 0.3, { steps: 4 });
    await page.mouse.up();
    const status = page.getByText(/^\d+ of 72 runs$/).first();
    await eventually(() => status.textContent()).not.toBe("72 of 72 runs");
    const text = (await status.textContent()) ?? "";
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page.getByRole("grid", { name: "Runs" }).waitFor();
    await page.getByText(text, { exact: true }).first().waitFor();
    await page.goBack();
    await page.getByText(text, { exact: true }).first().waitFor();
  });

  test("keep the runs without a conditional parameter", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}/parallel`);
    await page.getByText("not set", { exact: true }).first().waitFor();
    await page.getByText("72 of 72 runs").first().waitFor();
  });

  test("say that there are no runs yet", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").empty}/parallel`);
    await page.getByText(/no runs yet/i).waitFor();
  });

  test("axes are moved by arrow keys, changed and hidden, and are in the address", async ({
    page,
  }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}/parallel`);
    await page.getByText("72 of 72 runs").first().waitFor();
    const [first = "", second = "", ...rest] = await axes(page);
    const title = page.locator(".parallel-titles").getByRole("button", { name: second });
    await title.press("ArrowLeft");
    await eventually(() => axes(page)).toEqual([second, first, ...rest]);
    expect(await title.evaluate((button) => button === document.activeElement)).toBe(true);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const [third = "", ...others] = rest;
    await eventually(() => axes(page)).toEqual([first, third, second, ...others]);
    await page.keyboard.press("Enter");
    const menu = page.getByRole("dialog", { name: second });
    await menu.getByRole("button", { name: "Flip" }).click();
    await page.keyboard.press("Escape");
    await page.locator(".parallel-titles").getByRole("button", { name: first }).press("Enter");
    await page.getByRole("dialog", { name: first }).getByRole("button", { name: "Hide" }).click();
    await eventually(() => axes(page)).toEqual([third, second, ...others]);
    await page.reload();
    await eventually(() => axes(page)).toEqual([third, second, ...others]);
    await title.getByText("⇅").waitFor();
  });

  test("list the best lines, which lead to their runs", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").digits}/parallel`);
    const links = page.locator(".run-list").getByRole("link", { name: /^Open run/ });
    await links.first().waitFor();
    await eventually(() => links.count()).toBe(10);
    const number = await links.nth(1).textContent();
    await links.nth(1).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: `Run ${number}` }).waitFor();
    await page.goBack();
    await links.first().waitFor();
  });
});
