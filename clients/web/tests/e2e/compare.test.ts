import { colorsOf, csvRows, downloadOf } from "../harness/look";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, inject, test } from "../harness/test";

const { digits, empty, hyperband, twoMetrics } = inject("seeded");

describe("a comparison", () => {
  test("shows courses, results and what differs in the configs", async ({ page }) => {
    await page.goto(`/compare?ids=${digits},${hyperband}`);
    for (const title of ["Best val_accuracy by runs", "Best val_accuracy by time"]) {
      await page.getByRole("region", { name: title, exact: true }).waitFor();
    }
    await eventually(() => colorsOf(page.locator("main"))).toBeGreaterThan(5);
    const results = page.getByRole("region", { name: "Results by sweep" });
    await eventually(() => results.locator("tbody tr").count()).toBe(2);
    const configs = page.getByRole("region", { name: "Configs by key" });
    await configs.getByRole("row", { name: /run cap/ }).waitFor();
    expect(await configs.getByRole("row", { name: /^method/ }).count()).toBe(0);
    await page.getByLabel("Show all keys").check();
    await configs.getByRole("row", { name: /^method/ }).waitFor();
  });

  test("is made with the keyboard alone, and is in the address", async ({ page, api }) => {
    const [one, other] = [await newSweep(api), await newSweep(api)];
    await page.goto("/compare");
    const field = page.getByRole("combobox", { name: "Add a sweep" });
    await field.focus();
    for (const { id } of [one, other]) {
      await page.keyboard.type(id);
      await page.getByRole("listbox").getByRole("option").first().waitFor();
      await eventually(() => page.getByRole("listbox").getByRole("option").count()).toBe(1);
      await page.keyboard.press("Enter");
      await page
        .getByRole("button", { name: /^Remove/ })
        .first()
        .waitFor();
    }
    await eventually(() => decodeURIComponent(page.url())).toContain(`ids=${one.id},${other.id}`);
    await page.reload();
    await page.getByRole("button", { name: `Remove ${other.name}` }).click();
    await eventually(() => page.url()).not.toContain(other.id);
  });

  test("says which sweeps can't be compared, and why", async ({ page, api, faults }) => {
    faults.allow(/^answer 404: .*GetSweep/);
    const { id } = await newSweep(api);
    await page.goto(`/compare?ids=${digits},${hyperband},${id},nosuch00`);
    await page.getByText("It has no metric val_accuracy; it has loss.").waitFor();
    await page.getByText(/There is no such sweep/).waitFor();
  });

  test("follows a sweep that changes", async ({ page, api }) => {
    const { id } = await newSweep(api);
    await page.goto(`/compare?ids=${id},${empty}`);
    const list = page.getByRole("listitem").filter({ hasText: "made" });
    await list.getByText("running").waitFor();
    await api.registry.pauseSweep({ sweepId: id, requestId: crypto.randomUUID() });
    await list.getByText("paused").waitFor();
  });

  test("is given as a file with all digits", async ({ page }) => {
    await page.goto(`/compare?ids=${digits},${twoMetrics}`);
    await page.getByRole("region", { name: "Results by sweep" }).locator("td a").first().waitFor();
    const csv = await downloadOf(page, () =>
      page.getByRole("button", { name: "Results: download CSV" }).click(),
    );
    const rows = csvRows(csv);
    expect(rows.map(({ sweep }) => sweep)).toEqual([digits, twoMetrics]);
    expect(rows[0]).toMatchObject({ name: "digits", state: "paused", sampler: "random" });
    expect(Number(rows[0]?.["best val_accuracy"])).toBeGreaterThan(0.5);
  });
});
