import type { Page } from "playwright-core";
import { newSweep } from "../harness/sweeps";
import { describe, test } from "../harness/test";

describe("pages that are open side by side", () => {
  test("see each other's changes", async ({ newContext, api }) => {
    const { id } = await newSweep(api);
    const one = await (await newContext()).newPage();
    const other = await (await newContext()).newPage();
    await Promise.all([one.goto(`/sweeps/${id}`), other.goto(`/sweeps/${id}`)]);
    await one.getByRole("button", { name: "Pause", exact: true }).click();
    await other.getByRole("button", { name: "Resume", exact: true }).click();
    await one.getByRole("button", { name: "Pause", exact: true }).waitFor();
  });

  test("seven tabs of one browser are all current, though it has six connections", async ({
    newContext,
    api,
  }) => {
    const { id } = await newSweep(api);
    const context = await newContext();
    const tabs: Page[] = [];
    for (let number = 0; number < 7; number++) {
      const before = tabs.at(-1);
      if (before !== undefined) await turn(before, "hidden");
      const tab = await context.newPage();
      await tab.goto(`/sweeps/${id}`);
      await tab.getByText("Live", { exact: true }).waitFor();
      tabs.push(tab);
    }
    await api.registry.pauseSweep({ sweepId: id, requestId: crypto.randomUUID() });
    for (const tab of tabs) {
      await turn(tab, "visible");
      await tab.getByRole("button", { name: "Resume", exact: true }).waitFor();
      await turn(tab, "hidden");
    }
  });

  test("a tab that was hidden has the changes of meanwhile", async ({
    newContext,
    api,
    agents,
  }) => {
    const { id } = await newSweep(api);
    const context = await newContext();
    const [table, charts] = [await context.newPage(), await context.newPage()];
    await table.goto(`/sweeps/${id}/runs`);
    await table.getByText("No runs yet").waitFor();
    await charts.goto(`/sweeps/${id}/analysis`);
    const summary = charts.locator(".analysis-filter summary");
    await summary.getByText("all 0 runs").waitFor();
    for (const page of [table, charts]) await turn(page, "hidden");
    await agents.finishRuns(id, "loss", [0.5, 0.25, 0.125]);
    await api.registry.pauseSweep({ sweepId: id, requestId: crypto.randomUUID() });
    await turn(table, "visible");
    await table.getByText("3 of 3 runs").first().waitFor();
    await table.getByRole("row", { name: /finished.*0\.125/ }).waitFor();
    await table.getByRole("button", { name: "Resume", exact: true }).waitFor();
    await turn(table, "hidden");
    await turn(charts, "visible");
    await summary.getByText("3 with a result").waitFor();
    await charts.getByText("best so far: 0.125").first().waitFor();
  });
});

/** Hides or shows a page as a browser does with its tabs; a browser without windows shows all. */
async function turn(page: Page, state: DocumentVisibilityState): Promise<void> {
  await page.evaluate((wanted) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, value: wanted });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}
