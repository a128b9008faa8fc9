import type { Page } from "playwright-core";
import type { Services } from "../../src/rpc/transport";
import { downloadOf } from "../harness/look";
import { newSweep } from "../harness/sweeps";
import { describe, eventually, expect, test } from "../harness/test";

async function open(page: Page, id: string): Promise<void> {
  await page.goto(`/sweeps/${id}/settings`);
  await page.getByRole("button", { name: "Save", exact: true }).waitFor();
}

/** The field of a setting, with what is said at it. */
function setting(page: Page, label: string) {
  return page
    .locator(".setting")
    .filter({ has: page.getByLabel(label, { exact: true }) })
    .first();
}

function field(page: Page, label: string) {
  return page.getByLabel(label, { exact: true });
}

function save(page: Page): Promise<void> {
  return page.getByRole("button", { name: "Save", exact: true }).click();
}

/** Changes a sweep as another user does. */
async function change(
  { registry }: Services,
  sweepId: string,
  changed: { name?: string; description?: string; spec?: { runCap: bigint } },
  path: string,
): Promise<void> {
  await registry.updateSweep({
    sweep: { sweepId, ...changed },
    updateMask: { paths: [path] },
    requestId: crypto.randomUUID(),
  });
}

describe("the settings of a sweep", () => {
  test("save what the user changed, and leave the rest as others changed it", async ({
    page,
    api,
  }) => {
    const { id, name } = await newSweep(api, { run_cap: 10 });
    await open(page, id);
    await field(page, "Name").fill(`${name}, renamed`);
    await field(page, "Run cap").fill("25");
    await page.getByText("Changed: Name, Run cap.").waitFor();
    const [request] = await Promise.all([page.waitForRequest("**/UpdateSweep"), save(page)]);
    await page.getByText("✓ Saved.").waitFor();
    // The mask is the only place of the request where these names stand.
    const sent = request.postDataBuffer()?.toString("latin1") ?? "";
    expect(sent).toMatch(/name.*spec\.run_cap/s);
    expect(sent).not.toMatch(/description|spec\.(metrics|search_space|retries)/);
    await page.getByRole("heading", { level: 1, name: `${name}, renamed` }).waitFor();
    const { sweep } = await api.registry.getSweep({ sweepId: id });
    expect(sweep?.spec?.runCap).toBe(25n);
  });

  test("what the server rejects stands at its field, and the draft stays", async ({
    page,
    api,
    faults,
  }) => {
    faults.allow(/^answer 400: .*UpdateSweep/);
    const { id } = await newSweep(api);
    await open(page, id);
    await field(page, "Name").fill("n".repeat(1_000));
    await save(page);
    await setting(page, "Name").getByText(/^✗ /).waitFor();
    expect(await field(page, "Name").getAttribute("aria-invalid")).toBe("true");
    await page.getByText("Changed: Name.").waitFor();
    await field(page, "Name").fill("short");
    await setting(page, "Name").getByText(/^✗ /).waitFor({ state: "detached" });
    await save(page);
    await page.getByRole("heading", { level: 1, name: "short" }).waitFor();
  });

  test("a draft stays while others change the sweep, whose changes are shown", async ({
    page,
    api,
  }) => {
    const { id } = await newSweep(api, { run_cap: 10 });
    await open(page, id);
    await field(page, "Description").fill("mine");
    await change(api, id, { name: "theirs" }, "name");
    await eventually(() => field(page, "Name").inputValue()).toBe("theirs");
    expect(await field(page, "Description").inputValue()).toBe("mine");
    await save(page);
    await page.getByText("✓ Saved.").waitFor();
    const { sweep } = await api.registry.getSweep({ sweepId: id });
    expect(sweep).toMatchObject({ name: "theirs", description: "mine" });
  });

  test("two changes of the same settings are decided field by field", async ({
    page,
    api,
    faults,
  }) => {
    faults.allow(/^answer 409: .*UpdateSweep/);
    const { id } = await newSweep(api, { run_cap: 10, description: "old" });
    // The page learns of the change only when it saves.
    await page.route("**/WatchSweep", () => undefined);
    await open(page, id);
    await field(page, "Description").fill("mine");
    await field(page, "Run cap").fill("11");
    await change(api, id, { description: "theirs" }, "description");
    await change(api, id, { spec: { runCap: 12n } }, "spec.run_cap");
    await save(page);
    await page.getByText("Another user changed the sweep meanwhile").waitFor();
    await page.getByText("Decide first about: Description, Run cap.").waitFor();
    expect(await page.getByRole("button", { name: "Save", exact: true }).isDisabled()).toBe(true);
    const description = setting(page, "Description");
    expect(await description.locator("dd").allTextContents()).toEqual(["old", "theirs", "mine"]);
    await description.getByRole("button", { name: "Take theirs" }).click();
    await setting(page, "Run cap").getByRole("button", { name: "Keep yours" }).click();
    await save(page);
    await page.getByText("✓ Saved.").waitFor();
    const { sweep } = await api.registry.getSweep({ sweepId: id });
    expect(sweep).toMatchObject({ description: "theirs", spec: { runCap: 11n } });
  });

  test("unsaved changes are asked about before the page is left", async ({ page, api }) => {
    const { id } = await newSweep(api);
    await open(page, id);
    await field(page, "Name").fill("not saved");
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
    await dialog.getByRole("button", { name: "Stay" }).click();
    expect(await field(page, "Name").inputValue()).toBe("not saved");
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await dialog.getByRole("button", { name: "Leave" }).click();
    await page.getByText("No runs yet").waitFor();
    expect(page.url()).toMatch(/\/runs$/);
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await eventually(() => field(page, "Name").inputValue()).not.toBe("not saved");
  });

  test("a sweep is deleted when the user has typed its name", async ({ page, api, faults }) => {
    faults.allow(/^answer 404: .*Sweep/);
    const { id, name } = await newSweep(api);
    await open(page, id);
    await page.getByRole("button", { name: "Delete the sweep" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this sweep?" });
    const confirm = dialog.getByRole("button", { name: "Delete the sweep" });
    await dialog.getByRole("textbox").fill(name.slice(0, -1));
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill(name);
    await confirm.click();
    await page.getByRole("heading", { level: 1, name: "Sweeps" }).waitFor();
    await page.getByRole("link", { name, exact: true }).waitFor({ state: "detached" });
    await page.goto(`/sweeps/${id}`);
    await page.getByText("There is no such sweep").waitFor();
  });

  test("the config is given as YAML and JSON, and makes an equal sweep", async ({ page, api }) => {
    const { id } = await newSweep(api, { run_cap: 7 });
    await open(page, id);
    const file = page.getByRole("button", { name: "Save as a file" });
    const yaml = await downloadOf(page, () => file.click());
    expect(yaml).toContain("run_cap: 7");
    await page.getByLabel("Format").selectOption("json");
    await page.locator(".export-text").getByText(/^\{/).waitFor();
    const json = JSON.parse(await downloadOf(page, () => file.click()));
    expect(json).toMatchObject({ run_cap: 7, method: "random" });
    const copy = await newSweep(api, json);
    const { text } = await api.registry.exportSweep({ sweepId: copy.id });
    expect(text).toBe(yaml);
  });
});
