import type { Locator, Page } from "playwright-core";
import { csvRows, downloadOf } from "../harness/look";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, inject, test } from "../harness/test";

/** Returns the texts of one column of the table, of the rows that are drawn. */
async function column(page: Page, name: string): Promise<string[]> {
  const grid = page.getByRole("grid", { name: "Runs" });
  return grid.evaluate((table, wanted) => {
    const head = table.querySelector(`thead th[title="${wanted}"]`);
    const cells = table.querySelectorAll(
      `tbody [data-column="${head?.getAttribute("data-column")}"]`,
    );
    return [...cells].map((cell) => cell.textContent?.replace("–no value", "").trim() ?? "");
  }, name);
}

/** Opens the filter, and in it the condition on a column if one is named. */
async function openFilter(page: Page, name?: string): Promise<Locator> {
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  const filter = page.getByRole("region", { name: "Filter of runs" });
  if (name !== undefined) await filter.getByRole("button", { name: `${name} parameter` }).click();
  return filter;
}

async function open(page: Page, sweep: string, search = ""): Promise<void> {
  await page.goto(`/sweeps/${sweep}/runs${search}`);
  await page.getByRole("grid", { name: "Runs" }).waitFor();
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((one, other) => one - other);
}

describe("the table of runs", () => {
  test("shows all runs, the newest first", async ({ page }) => {
    await open(page, inject("seeded").digits);
    await page.getByText("72 of 72 runs").first().waitFor();
    const numbers = (await column(page, "Run")).map(Number);
    expect(numbers.slice(0, 3)).toEqual([71, 70, 69]);
  });

  test("sorts by a column, missing values last, and keeps the order in the address", async ({
    page,
  }) => {
    await open(page, inject("seeded").digits);
    const heading = page.getByRole("columnheader", { name: "val_accuracy" });
    await heading.click();
    await eventually(() => heading.getAttribute("aria-sort")).toBe("ascending");
    const ascending = await column(page, "val_accuracy");
    expect(ascending[0]).not.toBe("");
    const values = ascending.filter((text) => text !== "").map(Number);
    expect(values).toEqual(sorted(values));
    await heading.click();
    await eventually(() => heading.getAttribute("aria-sort")).toBe("descending");
    // How many rows near the screen are made may differ.
    const first = (await column(page, "Run")).slice(0, 10);
    expect(first[0]).not.toBe("");
    await page.reload();
    await eventually(() => heading.getAttribute("aria-sort")).toBe("descending");
    expect((await column(page, "Run")).slice(0, 10)).toEqual(first);
  });

  test("filters by state; the address keeps the filter, also for the other pages", async ({
    page,
  }) => {
    await open(page, inject("seeded").digits);
    await (await openFilter(page)).getByLabel("failed", { exact: true }).check();
    await page.getByText("3 of 72 runs").first().waitFor();
    expect(new Set(await column(page, "State"))).toEqual(new Set(["failed"]));
    await page.reload();
    await page.getByText("3 of 72 runs").first().waitFor();
    await page.getByRole("link", { name: "Parallel", exact: true }).click();
    await page.getByText("3 of 72 runs").first().waitFor();
  });

  test("filters by the values of a column", async ({ page }) => {
    await open(page, inject("seeded").digits);
    const filter = await openFilter(page, "hidden_units");
    await filter.getByLabel("From").fill("64");
    await page.keyboard.press("Enter");
    await eventually(async () => {
      const values = (await column(page, "hidden_units")).map(Number);
      return values.length > 0 && values.every((value) => value >= 64);
    }).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Remove all filters" }).click();
    await page.getByText("72 of 72 runs").first().waitFor();
  });

  test("the CSV has the filtered runs in the order of the table", async ({ page }) => {
    const search = `?states=${encodeURIComponent('["failed"]')}&sort=run`;
    await open(page, inject("seeded").digits, search);
    await page.getByText("3 of 72 runs").first().waitFor();
    await page.getByRole("button", { name: "Export", exact: true }).click();
    const csv = await downloadOf(page, () =>
      page.getByRole("button", { name: "CSV", exact: true }).click(),
    );
    const rows = csvRows(csv);
    const numbers = (await column(page, "Run")).map(Number);
    expect(rows.map((row) => Number(Object.values(row)[0]))).toEqual(numbers);
    expect(csv).toContain("the loss is not a number");
  });

  test("opens the details of a run, with the traceback of a failed one", async ({ page }) => {
    await open(page, inject("seeded").failed);
    await page.locator(".run-number").getByText("0", { exact: true }).click();
    const drawer = page.getByRole("dialog", { name: /^Run 0/ });
    await drawer.getByText('raise ValueError("the loss is not a number")').waitFor();
    await page.reload();
    await drawer.getByText("ValueError: the loss is not a number").first().waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  });

  test("moves by j and k, selects by x, opens by Enter", async ({ page }) => {
    await open(page, inject("seeded").digits);
    await page.getByText("72 of 72 runs").first().waitFor();
    await page.locator('[role="grid"] td[tabindex="0"]').focus();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: /^Run 70/ }).waitFor();
  });

  test("stops a running run, whose agent hears it", async ({ page, api, agents }) => {
    const { id } = await newSweep(api);
    const [held] = await agents.take(id);
    if (held === undefined) throw new Error("no run was assigned");
    await open(page, id, "?run=0");
    const drawer = page.getByRole("dialog", { name: /^Run 0/ });
    await drawer.getByRole("button", { name: "Stop this run" }).click();
    await drawer.getByRole("button", { name: "Stop now" }).click();
    await eventually(() => agents.report(id, held, { loss: 1 })).toBe("STOP");
    await agents.finish(id, held, { outcome: "canceled", message: "stopped by a user" });
    await drawer.getByText("canceled", { exact: true }).waitFor();
  });

  test("retries a failed run", async ({ page, api, agents }) => {
    const { id } = await newSweep(api);
    const [held] = await agents.take(id);
    if (held === undefined) throw new Error("no run was assigned");
    await agents.finish(id, held, { outcome: "failed", message: "out of memory" });
    await open(page, id, "?run=0");
    const drawer = page.getByRole("dialog", { name: /^Run 0/ });
    await drawer.getByText("out of memory").first().waitFor();
    await drawer.getByRole("button", { name: "Retry" }).click();
    await drawer.getByText("queued", { exact: true }).waitFor();
    const [again] = await agents.take(id);
    expect(again).toMatchObject({ number: 0, attempt: 2 });
  });

  test("enqueues a run with other values, which the next agent gets", async ({
    page,
    api,
    agents,
  }) => {
    const { id } = await newSweep(api);
    await agents.finishRuns(id, "loss", [0.5]);
    await open(page, id, "?run=0");
    const drawer = page.getByRole("dialog", { name: /^Run 0/ });
    await drawer.getByRole("button", { name: "Enqueue like this" }).click();
    await drawer.getByLabel("x", { exact: true }).fill("0.125");
    await drawer.getByRole("button", { name: "Enqueue", exact: true }).click();
    await drawer.getByText(/Run 1 is queued/).waitFor();
    const [held] = await agents.take(id);
    expect(held?.parameters.x).toBe(0.125);
  });

  test("shows runs as they come and end", async ({ page, api, agents }) => {
    const { id } = await newSweep(api);
    await page.goto(`/sweeps/${id}/runs`);
    await page.getByText("No runs yet").waitFor();
    const [held] = await agents.take(id);
    if (held === undefined) throw new Error("no run was assigned");
    const row = page.getByRole("row", { name: /running/ });
    await row.waitFor();
    await agents.finish(id, held, { values: { loss: 0.375 } });
    await page.getByRole("row", { name: /finished.*0\.375/ }).waitFor();
  });
});
