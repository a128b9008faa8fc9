import { chartOf, colorsOf, csvRows, downloadOf } from "../harness/look";
import { describe, eventually, expect, inject, test } from "../harness/test";

const CHARTS = [
  "Optimization history",
  "Learning curves",
  "Timeline of agents",
  "Distribution of the objective",
  "Importance: fANOVA",
  "Importance: mean decrease impurity",
  "Importance: PED-ANOVA",
  "Slices",
  "Contour",
  "Rank",
  "Correlations",
];

describe("the analysis of a sweep", () => {
  test.for(CHARTS)(
    "%s is drawn, and has its data as a table and as CSV",
    async (title, { page }) => {
      await page.goto(`/sweeps/${inject("seeded").digits}/analysis`);
      const chart = await chartOf(page, title);
      await chart.locator("canvas, svg").first().waitFor({ timeout: 40_000 });
      if ((await chart.locator("canvas").count()) > 0) {
        await eventually(() => colorsOf(chart)).toBeGreaterThan(2);
      }
      await chart.getByRole("button", { name: "Show data as a table" }).click();
      await chart.getByRole("table").waitFor();
      const shown = (await chart.getByRole("row").count()) - 1;
      const csv = await downloadOf(page, () => chart.getByRole("button", { name: /CSV/ }).click());
      expect(shown).toBeGreaterThan(1);
      expect(csvRows(csv).length).toBeGreaterThanOrEqual(shown);
      await chart.getByRole("button", { name: "Show data as a table" }).click();
    },
  );

  test("says how many runs a chart needs", async ({ page }) => {
    await page.goto(`/sweeps/${inject("seeded").empty}/analysis`);
    const chart = await chartOf(page, "Importance: fANOVA");
    await chart.getByText("Not enough finished runs yet").waitFor();
  });

  test("explains failed calls, and asks again", async ({ page, faults }) => {
    faults.allow(/^answer 500: .*GetParameterImportance/);
    let broken = true;
    await page.route("**/GetParameterImportance*", (route) =>
      broken ? route.fulfill({ status: 500, body: "" }) : route.fallback(),
    );
    await page.goto(`/sweeps/${inject("seeded").digits}/analysis`);
    const chart = await chartOf(page, "Importance: fANOVA");
    const problem = chart.getByRole("alert");
    await problem.waitFor();
    broken = false;
    await problem.getByRole("button", { name: "Try again" }).click();
    await chart.getByRole("img").waitFor({ timeout: 60_000 });
  });
});
