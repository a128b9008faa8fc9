import { spawnSync } from "node:child_process";
import { type BrowserServer, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader"];

interface Candidate {
  readonly path: string;
  readonly args: string[];
}

/**
 * Starts a browser that the workers of the tests share.
 *
 * @throws Error with what was tried, if none starts.
 */
export async function startBrowser(): Promise<BrowserServer> {
  const tried: string[] = [];
  for (const find of [installed, packaged]) {
    let candidate: Candidate | undefined;
    try {
      candidate = await find();
      if (candidate === undefined) continue;
      return await chromium.launchServer({
        executablePath: candidate.path,
        args: [...candidate.args, "--enable-precise-memory-info"],
        // Ctrl-C reaches Vitest, which closes the browser in its teardown.
        handleSIGINT: false,
      });
    } catch (error) {
      const [reason] = String(error).split("\n");
      tried.push(`${candidate?.path ?? "@sparticuz/chromium"}: ${reason}`);
    }
  }
  throw new Error(
    [
      "There is no Chromium that starts. Install one, or name one by the variable CHROMIUM.",
      ...tried,
    ].join("\n  "),
  );
}

async function installed(): Promise<Candidate | undefined> {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== "") return { path: named, args: ARGUMENTS };
  for (const name of NAMES) {
    const { status, stdout } = spawnSync("sh", ["-c", 'command -v "$1"', "sh", name]);
    if (status === 0) return { path: stdout.toString().trim(), args: ARGUMENTS };
  }
  return undefined;
}

/** Unpacks the Chromium of the npm package into the folder for temporary files. */
async function packaged(): Promise<Candidate> {
  const { default: bundle } = await import("@sparticuz/chromium");
  // Its own arguments run everything in one process, which ends with the first page that closes.
  return { path: await bundle.executablePath(), args: ARGUMENTS };
}
