import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = resolve(fileURLToPath(import.meta.url), "../../../../..");
export const PROGRAMS = join(REPOSITORY, ".venv/bin");
const TIED = fileURLToPath(new URL("tied.sh", import.meta.url));
const START_MS = 120_000;

/** What `wanllmdb up` writes once all its parts are ready. */
interface Ready {
  readonly registry: string;
  readonly suggestion: string;
  readonly dashboard: string;
  readonly database_url: string;
  readonly pids: { readonly registry: number[]; readonly gateway: number[] };
}

/** A running `wanllmdb up` with a data directory of its own. */
export interface Platform {
  /** What the ready file holds at the moment. */
  readonly ready: () => Ready;
  /** The first key, which may do everything; empty if no keys are required. */
  readonly adminKey: string;
  readonly stop: () => Promise<void>;
}

/** Starts a process that ends with this one, however this one ends. */
export function startTied(
  command: readonly string[],
  { output, env, folder = "" }: { output: number; env?: NodeJS.ProcessEnv; folder?: string },
): ChildProcess {
  return spawn("sh", ["-c", 'exec sh "$0" "$@" 3<&0', TIED, folder, ...command], {
    stdio: ["pipe", output, output],
    env: { ...process.env, ...env },
    // Ctrl-C reaches this process alone, which ends the others in order.
    detached: true,
  });
}

/** Closes the pipe by which a process is tied to this one, and waits for its end. */
export async function stopTied(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.stdin?.end();
  await ended;
}

/** Starts a platform on free ports; it is stopped and its data removed by `stop`. */
export async function startPlatform({ keys = false } = {}): Promise<Platform> {
  const folder = mkdtempSync(join(tmpdir(), "wanllmdb-browser-"));
  // PostgreSQL's own user passes through it when root runs the tests.
  chmodSync(folder, 0o711);
  const readyFile = join(folder, "ready.json");
  const log = join(folder, "output");
  const data = join(folder, "data");
  const child = startTied(
    [
      ...[join(PROGRAMS, "wanllmdb"), "up", "--data-dir", data, "--ready-file", readyFile],
      ...["--registry-port", "0", "--suggestion-port", "0", "--dashboard-port", "0"],
      ...(keys ? ["--require-keys"] : []),
    ],
    { output: openSync(log, "w"), folder },
  );
  const deadline = Date.now() + START_MS;
  const isReady = async () =>
    existsSync(readyFile) &&
    (await fetch(`${read(readyFile).dashboard}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ));
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const said = existsSync(log) ? readFileSync(log, "utf8") : "";
      await stopTied(child);
      throw new Error(`wanllmdb up did not start:\n${said}`);
    }
    await new Promise((later) => setTimeout(later, 100));
  }
  return {
    ready: () => read(readyFile),
    adminKey: keys ? readFileSync(join(data, "admin.key"), "utf8").trim() : "",
    stop: () => stopTied(child),
  };
}

function read(readyFile: string): Ready {
  return JSON.parse(readFileSync(readyFile, "utf8"));
}
