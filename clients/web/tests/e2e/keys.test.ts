import { createHash, randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { Role } from "../../src/gen/wanllmdb/api/registry/v1/key_service_pb";
import { SweepState } from "../../src/gen/wanllmdb/api/registry/v1/sweep_pb";
import { TemplateService } from "../../src/gen/wanllmdb/api/registry/v1/template_service_pb";
import type { Services } from "../../src/rpc/transport";
import { violationsOf } from "../harness/axe";
import { type Platform, startPlatform } from "../harness/platform";
import { newSweep } from "../harness/sweeps";
import {
  apiOf,
  describe,
  eventually,
  expect,
  inject,
  type NewContext,
  test,
} from "../harness/test";

let platform: Platform;
let admin: Services;

beforeAll(async () => {
  if (inject("browser") === "") return;
  platform = await startPlatform({ keys: true });
  admin = apiOf(platform.ready().dashboard, platform.adminKey);
});
afterAll(() => platform?.stop());

async function newKey(role: Role, name: string) {
  // The server learns no more than the secret's hash.
  const secret = randomBytes(32).toString("base64url");
  const { key } = await admin.keys.createKey({
    name,
    role,
    projects: ["*"],
    secretSha256: createHash("sha256").update(secret).digest(),
    requestId: crypto.randomUUID(),
  });
  const id = key?.keyId ?? "";
  return { id, secret: `wsk_${id}_${secret}` };
}

async function pageOf(newContext: NewContext): Promise<Page> {
  return (await newContext({ baseURL: platform.ready().dashboard })).newPage();
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const REFUSAL = "This needs a key with the role editor; yours is reader.";

/** Opens a page as a user whose key may only read. */
async function pageOfReader(newContext: NewContext, path: string): Promise<Page> {
  const { secret } = await newKey(Role.READER, "reader");
  const page = await pageOf(newContext);
  await page.goto(`/login?next=${encodeURIComponent(path)}`);
  await signIn(page, secret);
  return page;
}

/** Expects buttons that can be reached, explain why they do nothing, and do nothing. */
async function refused(page: Page, place: Page | Locator, names: readonly string[]) {
  for (const name of names) {
    const button = place.getByRole("button", { name, exact: true });
    await eventually(() => button.getAttribute("aria-disabled"), 15_000).toBe("true");
    await button.focus();
    const reason = button.evaluate((element) => {
      const id = element.getAttribute("aria-describedby") ?? "";
      const said = document.getElementById(id);
      return said?.checkVisibility({ visibilityProperty: true }) ? said.textContent : null;
    });
    expect(await reason, name).toBe(REFUSAL);
    const dialogs = await page.locator("dialog[open]").count();
    await page.keyboard.press("Enter");
    expect(await page.locator("dialog[open]").count(), name).toBe(dialogs);
  }
}

describe("a server that requires keys", () => {
  test("leads to the sign-in, and back to the page that needed it", async ({
    newContext,
    faults,
  }) => {
    faults.allow(/^answer 401: /);
    const { id, name } = await newSweep(admin);
    const page = await pageOf(newContext);
    await page.goto(`/sweeps/${id}`);
    await signIn(page, platform.adminKey);
    await page.getByRole("heading", { level: 1, name }).waitFor();
  });

  test("says that a key is wrong, and keeps the field", async ({ newContext, faults }) => {
    faults.allow(/^answer 401: /);
    const page = await pageOf(newContext);
    await page.goto("/login");
    await signIn(page, `wsk_nosuchkey000_${"A".repeat(43)}`);
    await page.getByText("This key was not accepted").waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(
      await page.getByLabel("API key").evaluate((field) => field === document.activeElement),
    ).toBe(true);
  });

  test("shows whose key it is, and forgets it when the user signs out", async ({
    newContext,
    faults,
  }) => {
    faults.allow(/^answer 401: /);
    const { secret } = await newKey(Role.READER, "the reader's");
    const page = await pageOf(newContext);
    await page.goto("/login");
    await signIn(page, secret);
    await page.getByText("the reader's").waitFor();
    const stored = await page.evaluate(() =>
      JSON.stringify([localStorage, sessionStorage, document.cookie]),
    );
    expect(stored).not.toContain("wsk_");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    await page.goto("/sweeps");
    await page.getByLabel("API key").waitFor();
  });

  test("a reader is not offered what changes a sweep or its runs, and is given the reason", async ({
    newContext,
    faults,
  }) => {
    faults.allow(/^answer 401: /);
    const { id, name } = await newSweep(admin);
    await admin.registry.enqueueRuns({ sweepId: id, runs: [{}], requestId: crypto.randomUUID() });
    const page = await pageOfReader(newContext, `/sweeps/${id}/runs?run=0`);
    const drawer = page.getByRole("dialog", { name: /^Run 0/ });
    await refused(page, drawer, ["Stop this run", "Enqueue like this"]);
    await page.keyboard.press("Escape");
    await refused(page, page.locator(".title-row"), ["Pause", "Finish", "Cancel"]);
    await page.getByLabel("Select run 0").check();
    await refused(page, page.getByRole("region", { name: "Selected runs" }), ["Stop 1"]);
    await page.locator("h1").click();
    await page.keyboard.press("p");
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByText(`You can't change this sweep. ${REFUSAL}`).waitFor();
    await refused(page, page, ["Save", "Delete the sweep"]);
    const fields = page.locator(".setting").locator("input, textarea, select");
    expect(await fields.count()).toBeGreaterThan(5);
    for (const field of await fields.all()) expect(await field.isEditable()).toBe(false);
    await page.goto("/sweeps");
    await page.getByLabel(`Select ${name}`).check();
    await refused(page, page.getByRole("region", { name: "Selected sweeps" }), [
      "Cancel",
      "Delete",
    ]);
    const { sweep } = await admin.registry.getSweep({ sweepId: id });
    expect(sweep?.state, "nothing has paused the sweep").toBe(SweepState.RUNNING);
  });

  test("a reader is not offered to create sweeps, templates and keys", async ({
    newContext,
    faults,
  }) => {
    faults.allow(/^answer 401: /);
    const name = `kept-${process.pid}`;
    await createClient(TemplateService, admin.transport).createTemplate({
      template: {
        name,
        configText: "method: random\nmetric: {name: loss}\nparameters: {a: {value: 1}}\n",
      },
      requestId: crypto.randomUUID(),
    });
    const page = await pageOfReader(newContext, "/sweeps/new");
    await refused(page, page, ["Create the sweep"]);
    await page.goto("/templates");
    await refused(page, page, ["New template"]);
    await page.getByRole("link", { name, exact: true }).click();
    await refused(page, page, ["Copy to a new template", "Delete"]);
    await page.getByText("You can't change it.").waitFor();
    await page.goto("/new-template");
    await refused(page, page, ["Create the template"]);
    await page.goto("/keys");
    await page.getByText("You can't see the keys.").waitFor();
  });

  test("keys are listed and created; a secret is shown once", async ({ newContext, faults }) => {
    faults.allow(/^answer 401: /);
    const { secret: own } = await newKey(Role.ADMIN, "the admin's");
    const page = await pageOf(newContext);
    await page.goto("/login?next=/keys");
    await signIn(page, own);
    const keys = page.getByRole("region", { name: "Keys" });
    await keys.getByRole("row", { name: /the key that you use/ }).waitFor();
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("button", { name: "Create the key" }).click();
    await page.getByRole("alert").getByText(/^✗ /).first().waitFor();
    await page.getByLabel("What it is for").fill("agents of the test");
    await page.getByRole("radio", { name: /^agent/ }).check();
    await page.getByLabel(/^All projects/).check();
    await page.getByRole("button", { name: "Create the key" }).click();
    await page.getByRole("heading", { name: /agents of the test.*is created/ }).waitFor();
    const secret = (await page.locator(".copy-box pre").textContent()) ?? "";
    const { key } = await apiOf(platform.ready().dashboard, secret).keys.getCaller({});
    expect(key).toMatchObject({ name: "agents of the test", role: Role.AGENT, projects: ["*"] });
    await page.getByRole("link", { name: "Sweeps", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Leave without the key?" });
    await dialog.getByRole("button", { name: "Stay" }).click();
    expect(await page.locator(".copy-box pre").textContent()).toBe(secret);
    await page.getByLabel("I have stored the key").check();
    await page.getByRole("link", { name: "Sweeps", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Sweeps" }).waitFor();
    await page.goBack();
    await keys.getByRole("row", { name: /agents of the test.*active.*agent.*all/ }).waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([document.body.outerHTML, { ...localStorage }, { ...sessionStorage }]),
    );
    expect(kept).not.toContain(secret.slice(-43));
  });

  test("a key is revoked after a confirmation", async ({ newContext, faults }) => {
    faults.allow(/^answer 401: /);
    const { id, secret } = await newKey(Role.READER, "of a user who left");
    const page = await pageOf(newContext);
    await page.goto("/login?next=/keys");
    await signIn(page, platform.adminKey);
    const row = page.getByRole("row", { name: /of a user who left/ });
    const revoke = row.getByRole("button", { name: "Revoke of a user who left" });
    const dialog = page.getByRole("dialog", { name: "Revoke of a user who left?" });
    await revoke.click();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await revoke.evaluate((button) => button === document.activeElement)).toBe(true);
    await revoke.click();
    await dialog.getByRole("button", { name: "Revoke the key" }).click();
    await row.waitFor({ state: "detached" });
    await page.getByLabel("Show expired and revoked keys").check();
    await row.getByText(/✗ revoked/).waitFor();
    expect(await revoke.count()).toBe(0);
    const { keys } = await admin.keys.listKeys({});
    expect(keys.find(({ keyId }) => keyId === id)?.revokeTime).toBeDefined();
    await eventually(() =>
      apiOf(platform.ready().dashboard, secret)
        .keys.getCaller({})
        .then(
          () => "accepted",
          () => "rejected",
        ),
    ).toBe("rejected");
  });

  test("a key that is revoked while a page is open ends what the page may do, and it says so", async ({
    newContext,
    faults,
  }) => {
    faults.allow(/^answer 401: /);
    const { id } = await newSweep(admin);
    const key = await newKey(Role.EDITOR, "short-lived");
    const page = await pageOf(newContext);
    await page.goto(`/login?next=/sweeps/${id}`);
    await signIn(page, key.secret);
    const pause = page.getByRole("button", { name: "Pause", exact: true });
    await pause.waitFor();
    await admin.keys.revokeKey({ keyId: key.id, requestId: crypto.randomUUID() });
    await pause.click({ timeout: 5_000 }).catch(() => undefined);
    await page.getByText("This API key was revoked").first().waitFor({ timeout: 40_000 });
    await page.getByRole("link", { name: "Sign in with another key" }).waitFor();
    const { sweep } = await admin.registry.getSweep({ sweepId: id });
    expect(sweep?.state).toBe(SweepState.RUNNING);
  });
});
