/** Takes the pictures of docs/dashboard.md from the demo's sweeps: `make pictures`. */

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { startBrowser } from "./harness/chromium";
import { colorsOf } from "./harness/look";
import { PROGRAMS, REPOSITORY, startPlatform } from "./harness/platform";

const FOLDER = join(REPOSITORY, "docs/pictures");
const WIDTH = 1280;

interface Picture {
  readonly name: string;
  readonly path: string;
  /** The height of the window in pixels. */
  readonly height?: number;
  /** Whether there are charts on canvases. */
  readonly isDrawn?: boolean;
  readonly colorScheme?: "light" | "dark";
}

/** Waits until everything on the screen is there and drawn. */
async function settle(page: Page, isDrawn: boolean): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await page.waitForFunction(() =>
    [...document.querySelectorAll("main .skeleton, main p")].every(
      (element) =>
        element.getBoundingClientRect().top > window.innerHeight ||
        !(element.className === "skeleton" || element.textContent?.startsWith("Loading")),
    ),
  );
  const main = page.locator("main");
  while (isDrawn && (await colorsOf(main)) < 10) {
    await page.evaluate(() => new Promise((later) => requestAnimationFrame(later)));
  }
  await page.evaluate(() => new Promise((later) => requestIdleCallback(later)));
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const server = await startBrowser();
  const platform = await startPlatform();
  try {
    const { registry, suggestion, dashboard } = platform.ready();
    execFileSync(join(PROGRAMS, "wanllmdb"), ["demo", "--keep"], {
      env: { ...process.env, WANLLMDB_REGISTRY: registry, WANLLMDB_SUGGESTION: suggestion },
      stdio: "ignore",
    });
    const answer = await fetch(
      `${dashboard}/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps`,
      {
        method: "POST",
        headers: { "content-type": "application/json", origin: dashboard },
        body: "{}",
      },
    );
    const { sweeps } = (await answer.json()) as { sweeps: { sweepId: string; name: string }[] };
    const id = (name: string) => sweeps.find((sweep) => sweep.name === name)?.sweepId ?? "";
    const digits = `/sweeps/${id("digits")}`;
    const pictures: Picture[] = [
      { name: "overview", path: digits, height: 1180, isDrawn: true },
      { name: "overview-dark", path: digits, height: 1180, isDrawn: true, colorScheme: "dark" },
      { name: "runs", path: `${digits}/runs` },
      { name: "parallel", path: `${digits}/parallel`, isDrawn: true },
      { name: "analysis", path: `${digits}/analysis`, isDrawn: true },
      { name: "pareto", path: `/sweeps/${id("digits-tree")}/pareto`, height: 960, isDrawn: true },
      {
        name: "compare",
        path: `/compare?ids=${id("digits")},${id("digits-vectors")}`,
        isDrawn: true,
      },
      { name: "new", path: "/sweeps/new" },
    ];
    const browser = await chromium.connect(server.wsEndpoint());
    for (const { name, path, height = 800, isDrawn = false, colorScheme = "light" } of pictures) {
      const page = await browser.newPage({
        baseURL: dashboard,
        viewport: { width: WIDTH, height },
        colorScheme,
        reducedMotion: "reduce",
      });
      page.setDefaultTimeout(90_000);
      await page.goto(path);
      await settle(page, isDrawn);
      await page.screenshot({ path: join(FOLDER, `${name}.png`) });
      await page.close();
    }
    await browser.close();
  } finally {
    await Promise.all([platform.stop(), server.close()]);
  }
}

await main();
