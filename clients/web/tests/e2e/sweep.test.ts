import type { Page } from "playwright-core";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, inject, test } from "../harness/test";

/** The word that shows the sweep's state beside its name. */
function state(page: Page, name: string) {
  return page.locator(".title-row .state").getByText(name, { exact: true });
}

function action(page: Page, name: string) {
  return page.getByRole("button", { name, exact: true });
}

describe("the head of a sweep", () => {
  test("starts, pauses and resumes", async ({ page, api }) => {
    const { id, name } = await newSweep(api, {}, { start: false });
    await page.goto(`/sweeps/${id}`);
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await state(page, "pending").waitFor();
    await action(page, "Start").click();
    await state(page, "running").waitFor();
    await action(page, "Pause").click();
    await state(page, "paused").waitFor();
    await action(page, "Resume").click();
    await state(page, "running").waitFor();
  });

  test("asks before it finishes a sweep, and does nothing if the user goes back", async ({
    page,
    api,
  }) => {
    const { id } = await newSweep(api);
    await page.goto(`/sweeps/${id}`);
    await action(page, "Finish").click();
    const dialog = page.getByRole("dialog", { name: "Finish this sweep?" });
    await dialog.getByText("queued runs are canceled").waitFor();
    await dialog.getByRole("button", { name: "Back" }).click();
    await dialog.waitFor({ state: "detached" });
    await state(page, "running").waitFor();
    await action(page, "Finish").click();
    await dialog.getByRole("button", { name: "Finish the sweep" }).click();
    await state(page, "finished").waitFor();
    await eventually(() => action(page, "Pause").count()).toBe(0);
  });

  test("cancels, and the agent hears it", async ({ page, api, agents }) => {
    const { id } = await newSweep(api);
    const [held] = await agents.take(id);
    if (held === undefined) throw new Error("no run was assigned");
    await page.goto(`/sweeps/${id}`);
    await action(page, "Cancel").click();
    const dialog = page.getByRole("dialog", { name: "Cancel this sweep?" });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await action(page, "Cancel").click();
    await dialog.getByRole("button", { name: "Cancel the sweep" }).click();
    await state(page, "canceled").waitFor();
    expect(await agents.report(id, held, { loss: 1 })).toBe("STOP");
  });

  test("refuses a change that the user decided on by an older state, and shows the new one", async ({
    page,
    api,
    faults,
  }) => {
    faults.allow(/^answer 409: .*PauseSweep/);
    const { id } = await newSweep(api);
    // The page does not learn of the change.
    await page.route("**/WatchSweep", () => undefined);
    await page.goto(`/sweeps/${id}`);
    await action(page, "Pause").waitFor();
    await api.registry.pauseSweep({ sweepId: id, requestId: crypto.randomUUID() });
    await api.registry.resumeSweep({ sweepId: id, requestId: crypto.randomUUID() });
    await action(page, "Pause").click();
    await page.getByText("The sweep changed meanwhile").waitFor();
    await page.getByRole("button", { name: "Show the current state" }).click();
    await page.getByText("The sweep changed meanwhile").waitFor({ state: "detached" });
    await action(page, "Pause").click();
    await state(page, "paused").waitFor();
  });

  test("says that there is no such sweep", async ({ page, faults }) => {
    faults.allow(/^answer 404: /);
    await page.goto("/sweeps/nosuch00");
    await page.getByText("There is no such sweep").waitFor();
  });

  test("shows names of any kind as they are", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").odd}`);
    const title = page.getByRole("heading", { level: 1 });
    await eventually(() => title.textContent()).toContain("שלום <b>עולם</b> &");
    await eventually(() => page.title()).toContain("שלום");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, "the page does not scroll sideways").toBeLessThanOrEqual(1280);
  });
});
