import { colorsOf } from "../harness/look";
import { describe, eventually, inject, test } from "../harness/test";

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
});
