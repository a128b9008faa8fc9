import { createHash, randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { Role } from "../../src/gen/wanllmdb/api/registry/v1/key_service_pb";
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

  test("a reader is not offered what the key may not do", async ({ newContext, faults }) => {
    faults.allow(/^answer 401: /);
    const { secret } = await newKey(Role.READER, "reader");
    const page = await pageOf(newContext);
    await page.goto("/login?next=/sweeps/new");
    await signIn(page, secret);
    const create = page.getByRole("button", { name: "Create the sweep" });
    await eventually(() => create.getAttribute("aria-disabled")).toBe("true");
    await create.focus();
    await page.getByText("This needs a key with the role editor; yours is reader.").waitFor();
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
    expect(sweep?.state).toBe(2);
  });
});
