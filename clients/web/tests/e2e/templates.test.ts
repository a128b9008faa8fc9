import { createClient } from "@connectrpc/connect";
import type { Page } from "playwright-core";
import { TemplateService } from "../../src/gen/wanllmdb/api/registry/v1/template_service_pb";
import type { Services } from "../../src/rpc/transport";
import { replaceText } from "../harness/editor";
import { describe, eventually, expect, test } from "../harness/test";

let made = 0;

const TEXT = `method: random
metric: {name: loss}
parameters:
  lr: {min: 0.001, max: $(most)}
run_cap: $(runs)
`;

/** Creates a template that belongs to one test alone. */
async function newTemplate({ transport }: Services): Promise<string> {
  const name = nameOf();
  await createClient(TemplateService, transport).createTemplate({
    template: {
      name,
      description: "made by a test",
      configText: TEXT,
      placeholders: [
        { name: "most", description: "", default: { kind: { case: "doubleValue", value: 0.1 } } },
        { name: "runs", description: "", default: { kind: { case: "intValue", value: 20n } } },
      ],
    },
    requestId: crypto.randomUUID(),
  });
  return name;
}

function nameOf(): string {
  made += 1;
  return `made-${process.pid}-${made}`;
}

function preview(page: Page) {
  return page.getByRole("region", { name: "Preview" });
}

describe("templates", () => {
  test("are created with the placeholders that their text mentions", async ({ page }) => {
    const name = nameOf();
    await page.goto("/templates");
    await page.getByRole("button", { name: "New template" }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await replaceText(page, TEXT);
    const most = page.getByRole("group", { name: "$(most)" });
    await most.getByLabel("Default of most").fill("0.5");
    await page.getByRole("group", { name: "$(epochs)" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Create the template" }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await preview(page).getByText("max: 0.5").waitFor();
    await page.getByRole("link", { name: "All templates" }).click();
    await page.getByRole("link", { name, exact: true }).waitFor();
  });

  test("say at the place what is wrong, and are not created", async ({ page, faults }) => {
    faults.allow(/^answer 400: .*CreateTemplate/);
    await page.goto("/new-template");
    const create = page.getByRole("button", { name: "Create the template" });
    await create.click();
    await page.getByText(/✗ Use lower-case letters/).waitFor();
    await page.getByLabel("Name", { exact: true }).fill(nameOf());
    await replaceText(page, TEXT.replace("0.001", "5"));
    await page.getByLabel("Default of most").fill("0.5");
    await create.click();
    const text = page.getByRole("region", { name: "Text" });
    await text.getByText("parameters.lr").first().waitFor();
    await text.getByText(/^Line 4/).waitFor();
    expect(page.url()).toMatch(/new-template$/);
  });

  test("are previewed with values, and say which value is wrong", async ({ page, api, faults }) => {
    faults.allow(/^answer 400: .*RenderTemplate/);
    const name = await newTemplate(api);
    await page.goto(`/templates/${name}`);
    await preview(page).getByText("max: 0.1").waitFor();
    await preview(page).getByLabel("most").fill("0.75");
    await preview(page).getByText("max: 0.75").waitFor();
    await preview(page).getByLabel("most").fill("0.0001");
    await preview(page).getByText("parameters.lr").first().waitFor();
    await preview(page).getByLabel("most").fill("0.25");
    await preview(page).getByText("max: 0.25").waitFor();
  });

  test("are changed, and ask before a change is lost", async ({ page, api }) => {
    const name = await newTemplate(api);
    await page.goto(`/templates/${name}`);
    await page.getByLabel("Description", { exact: true }).fill("changed here");
    await page.getByText("Changed: description.").waitFor();
    await page.getByRole("link", { name: "All templates" }).click();
    const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
    await dialog.getByRole("button", { name: "Stay" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("✓ Saved.").waitFor();
    const { template } = await createClient(TemplateService, api.transport).getTemplate({ name });
    expect(template).toMatchObject({ description: "changed here", configText: TEXT });
  });

  test("are copied and deleted", async ({ page, api, faults }) => {
    faults.allow(/^answer 404: .*GetTemplate/);
    const name = await newTemplate(api);
    await page.goto(`/templates/${name}`);
    await page.getByRole("button", { name: "Copy to a new template" }).click();
    const copy = page.getByLabel("Name", { exact: true });
    await eventually(() => copy.inputValue()).toBe(`${name}-copy`);
    await page.getByRole("button", { name: "Create the template" }).click();
    await page.getByRole("heading", { level: 1, name: `${name}-copy` }).waitFor();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: `Delete the template ${name}-copy?` });
    await dialog.getByRole("button", { name: "Delete the template" }).click();
    await page.getByRole("link", { name, exact: true }).waitFor();
    await page
      .getByRole("link", { name: `${name}-copy`, exact: true })
      .waitFor({ state: "detached" });
  });

  test("lead to a new sweep, which begins with their text", async ({ page, api }) => {
    const name = await newTemplate(api);
    await page.goto(`/templates/${name}`);
    await page.getByRole("link", { name: "Create a sweep from it" }).click();
    await eventually(() => page.url()).toContain(`/sweeps/new?template=${name}`);
    await eventually(() => page.locator(".cm-content").textContent()).toContain("run_cap: 20");
    await page.getByText(`Values of the template ${name}`).click();
    await page.getByLabel("runs", { exact: true }).fill("33");
    await page.getByRole("button", { name: "Use these values" }).click();
    await eventually(() => page.locator(".cm-content").textContent()).toContain("run_cap: 33");
    await page.getByText(/The config is valid/).waitFor();
  });
});
