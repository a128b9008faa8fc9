import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BrowserServer } from "playwright-core";
import type { TestProject } from "vitest/node";
import { startBrowser } from "./chromium";
import { type Platform, PROGRAMS, REPOSITORY, startPlatform } from "./platform";

/** The ids of the sweeps that `seed.py` makes, which tests read and don't change. */
export interface Seeded {
  /** One metric, a conditional parameter, and runs in every state. */
  readonly digits: string;
  /** Early termination; some runs were stopped. */
  readonly hyperband: string;
  readonly twoMetrics: string;
  readonly threeMetrics: string;
  /** Every run failed. */
  readonly failed: string;
  /** No agent has come yet. */
  readonly empty: string;
  /** Names that are long, odd or written from right to left. */
  readonly odd: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** The address by which workers reach the browser; empty where there is none. */
    browser: string;
    /** The addresses of the platform that all files share. */
    dashboard: string;
    registry: string;
    suggestion: string;
    databaseUrl: string;
    seeded: Seeded;
  }
}

const run = promisify(execFile);
const NONE = "";

/** Starts the browser and the platform that all files share, and fills the platform. */
export default async function setup(project: TestProject) {
  const page = join(REPOSITORY, "services/wanllmdb_gateway/static/index.html");
  if (!existsSync(page)) throw new Error("The page is not built: run `make web`.");
  let browser: BrowserServer;
  try {
    browser = await startBrowser();
  } catch (error) {
    process.stderr.write(`\nAll browser tests are skipped. ${(error as Error).message}\n\n`);
    for (const name of ["browser", "dashboard", "registry", "suggestion", "databaseUrl"] as const) {
      project.provide(name, NONE);
    }
    project.provide("seeded", {} as Seeded);
    return undefined;
  }
  let platform: Platform | undefined;
  try {
    platform = await startPlatform();
    const { registry, suggestion, dashboard, database_url } = platform.ready();
    const { stdout } = await run(
      join(PROGRAMS, "python"),
      [fileURLToPath(new URL("seed.py", import.meta.url))],
      { env: { ...process.env, WANLLMDB_REGISTRY: registry, WANLLMDB_SUGGESTION: suggestion } },
    );
    project.provide("browser", browser.wsEndpoint());
    project.provide("dashboard", dashboard);
    project.provide("registry", registry);
    project.provide("suggestion", suggestion);
    project.provide("databaseUrl", database_url);
    project.provide("seeded", JSON.parse(stdout));
  } catch (error) {
    await Promise.all([platform?.stop(), browser.close()]);
    throw error;
  }
  return async () => {
    await Promise.all([platform.stop(), browser.close()]);
  };
}
