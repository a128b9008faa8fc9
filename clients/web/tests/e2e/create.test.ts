import type { Page } from "playwright-core";
import { replaceText } from "../harness/editor";
import { describe, eventually, expect, test } from "../harness/test";

function editor(page: Page) {
  return page.locator(".cm-content");
}

const VALID = `name: from text
method: random
metric: {name: loss, goal: minimize}
parameters:
  lr: {min: 0.1, max: 0.9}
`;

describe("a new sweep", () => {
  test("a form changes the text, and keeps what it does not know", async ({ page }) => {
    await page.goto("/sweeps/new");
    await replaceText(page, `${VALID}# my comment\n`);
    await page.getByLabel("Name", { exact: true }).first().fill("from the form");
    await eventually(() => editor(page).textContent()).toContain("name: from the form");
    await eventually(() => editor(page).textContent()).toContain("# my comment");
  });

  test("the text changes the form", async ({ page }) => {
    await page.goto("/sweeps/new");
    await replaceText(page, VALID.replace("from text", "seen in the form"));
    await eventually(() => page.getByLabel("Name", { exact: true }).first().inputValue()).toBe(
      "seen in the form",
    );
  });

  test("the server's problems are shown with their lines, and nothing can be created", async ({
    page,
    faults,
  }) => {
    faults.allow(/^answer 400: .*ParseSweepConfig/);
    await page.goto("/sweeps/new");
    await replaceText(page, VALID.replace("min: 0.1, max: 0.9", "min: 5, max: 1"));
    await page
      .getByText(/line 5/i)
      .first()
      .waitFor();
    await page.getByText("parameters.lr").first().waitFor();
    expect(await page.getByRole("button", { name: "Create the sweep" }).isDisabled()).toBe(true);
    await replaceText(page, VALID);
    await page.getByText(/The config is valid/).waitFor();
    await eventually(() =>
      page.getByRole("button", { name: "Create the sweep" }).isDisabled(),
    ).toBe(false);
  });

  test("a created sweep opens, and says how to start an agent", async ({ page }) => {
    await page.goto("/sweeps/new");
    await replaceText(page, VALID);
    await page.getByText(/The config is valid/).waitFor();
    await page.getByRole("button", { name: "Create the sweep" }).click();
    await page
      .getByText(/wanllmdb agent \w+/)
      .first()
      .waitFor();
    await page.getByRole("link", { name: /Show the sweep|Open the sweep/ }).click();
    await page.getByRole("heading", { level: 1, name: "from text" }).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  });

  test("counts the points of a grid before it is created", async ({ page }) => {
    await page.goto("/sweeps/new");
    await replaceText(
      page,
      "method: grid\nmetric: {name: loss}\nparameters:\n  a: {values: [1, 2, 3]}\n  b: {values: [1, 2]}\n",
    );
    await page.getByText(/grid has 6/).waitFor();
  });
});
