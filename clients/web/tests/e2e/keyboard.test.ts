import type { Page } from "playwright-core";
import { describe, inject, test } from "../harness/test";

/** Presses Tab until an element of this role and name has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
    });
    if (name.test(focused)) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

describe("without a mouse", () => {
  test("a user creates a sweep, starts it, pauses it, and compares sweeps", async ({ page }) => {
    await page.goto("/sweeps");
    await page.getByRole("link", { name: "digits-hyperband", exact: true }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await page
      .getByText(/The config is valid/)
      .first()
      .waitFor();
    await tabTo(page, /^Create the sweep/);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Show the sweep" }).waitFor();
    await tabTo(page, /^Show the sweep$/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Start", exact: true }).waitFor();
    await tabTo(page, /^Start$/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    await page.keyboard.press("p");
    await page.getByRole("button", { name: "Resume", exact: true }).waitFor();
    const { digits, hyperband } = inject("seeded");
    await page.goto(`/compare?ids=${digits},${hyperband}`);
    await page.getByRole("heading", { name: "Results" }).waitFor();
  });
});
