import type { Page } from "playwright-core";
import { replaceText } from "../harness/editor";
import { describe, eventually, test } from "../harness/test";

/** Opens a new sweep, and waits until the editor has come. */
async function open(page: Page) {
  await page.goto("/sweeps/new");
  const editor = page.locator(".cm-content");
  await editor.waitFor();
  await page.getByText(/The config is valid/).waitFor();
  await editor.focus();
  return editor;
}

async function textOf(page: Page): Promise<string> {
  return (await page.locator(".cm-line").allTextContents()).join("\n");
}

// Each test fails on a break of the content security policy, as on every fault of a page.
describe("the editor of configs", () => {
  test("takes what is typed, also over a selection of many lines", async ({ page, faults }) => {
    faults.allow(/^answer 400: .*ParseSweepConfig/);
    const editor = await open(page);
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("name: typed");
    await page.keyboard.press("Enter");
    await page.keyboard.type("method: random");
    await eventually(() => textOf(page)).toBe("name: typed\nmethod: random");
    await page.keyboard.press("Shift+ArrowUp");
    await page.keyboard.press("Delete");
    await page.keyboard.press("ControlOrMeta+z");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("ControlOrMeta+z");
    await page.keyboard.press("ControlOrMeta+z");
    await page.keyboard.press("ControlOrMeta+Home");
    await page.keyboard.press("ControlOrMeta+]");
    await page.keyboard.press("Tab");
    await eventually(() =>
      editor.evaluate((element) => element.contains(document.activeElement)),
    ).toBe(false);
  });

  test("takes text of an input method, pasted and dropped text", async ({ page, faults }) => {
    faults.allow(/^answer 400: .*ParseSweepConfig/);
    await open(page);
    await replaceText(page, "name: one\nmethod: random\n");
    await eventually(() => textOf(page)).toContain("name: one");
    const session = await page.context().newCDPSession(page);
    await page.keyboard.press("ControlOrMeta+Home");
    await page.keyboard.press("Shift+ArrowDown");
    await session.send("Input.imeSetComposition", {
      text: "日本",
      selectionStart: 2,
      selectionEnd: 2,
    });
    await session.send("Input.insertText", { text: "日本: x\n" });
    await eventually(() => textOf(page)).toContain("日本: x");
    for (const kind of ["paste", "drop"]) await give(page, kind);
    await eventually(() => textOf(page)).toMatch(/paste: 1[\s\S]*drop: 1|drop: 1[\s\S]*paste/);
  });

  test("takes text that a program types for the user", async ({ page, faults }) => {
    faults.allow(/^answer 400: .*ParseSweepConfig/);
    const editor = await open(page);
    // Selects and types in one step, of which the editor hears afterwards.
    await editor.fill("name: one\nmethod: grid");
    await eventually(() => textOf(page)).toBe("name: one\nmethod: grid");
    await editor.fill("");
    await eventually(() => textOf(page)).toBe("");
    await page.keyboard.press("ControlOrMeta+z");
    await eventually(() => textOf(page)).toBe("name: one\nmethod: grid");
  });

  test("shows the problems at their places, by pointer and by keys", async ({ page, faults }) => {
    faults.allow(/^answer 400: .*ParseSweepConfig/);
    await open(page);
    await replaceText(
      page,
      "method: random\nmetric: {name: loss}\nparameters:\n  x: {min: 2, max: 1}\n",
    );
    const mark = page.locator(".cm-lintRange-error").first();
    await mark.waitFor();
    await mark.hover();
    await page.locator(".cm-tooltip-hover .cm-diagnostic").first().waitFor();
    await page.locator(".cm-lint-marker-error").first().hover();
    await page.locator(".cm-tooltip .cm-diagnostic").first().waitFor();
    await page.keyboard.press("F8");
    await page.locator(".cm-tooltip .cm-diagnostic").first().waitFor();
    await page.keyboard.press("ControlOrMeta+Shift+M");
    await page.locator(".cm-panel-lint").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".cm-panel-lint").waitFor({ state: "detached" });
  });
});

/** Pastes or drops a piece of a formatted document. */
async function give(page: Page, kind: string): Promise<void> {
  await page.locator(".cm-content").evaluate((element, name) => {
    const data = new DataTransfer();
    data.setData("text/plain", `${name}: 1\n`);
    data.setData("text/html", `<p style="color: red">${name}: 1</p>`);
    const { left, top } = element.getBoundingClientRect();
    const common = { bubbles: true, cancelable: true };
    element.dispatchEvent(
      name === "paste"
        ? new ClipboardEvent("paste", { ...common, clipboardData: data })
        : new DragEvent("drop", {
            ...common,
            dataTransfer: data,
            clientX: left + 10,
            clientY: top + 15,
          }),
    );
  }, kind);
}
