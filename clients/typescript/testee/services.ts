import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client, RunStoppedError, type Trial, type Value } from "../src/index.js";
import type { InEnvironment } from "./settings.js";

const PAUSE_MS = 50;
/** Code that goes on until it is stopped ends after this many values all the same. */
const MOST_LOGGED = 600;

/** What the code of each run does. */
export interface GivenCode {
  readonly values: readonly (number | string)[];
  readonly names?: readonly string[];
  readonly seconds?: number;
  readonly goes_on?: boolean;
  readonly fails?: string;
}

interface OfSweep extends InEnvironment {
  readonly sweep_id: string;
}

export interface GivenAgent extends OfSweep, GivenCode {
  readonly count?: number;
  readonly agent_id?: string;
  readonly resume?: boolean;
}

interface Seen {
  readonly parameters: Record<string, Value>;
  readonly resumed: boolean;
  logged: number;
  stopped: boolean;
}

/** Creates a sweep of a config as text. */
export async function createSweep(
  given: InEnvironment & { readonly config: string },
): Promise<unknown> {
  using client = new Client({ env: given.environment });
  return { sweep_id: await client.createSweep(given.config) };
}

/** Returns the numbers of all runs of a sweep. */
export async function listRuns(given: OfSweep): Promise<unknown> {
  using client = new Client({ env: given.environment });
  const numbers: number[] = [];
  for await (const run of client.listRuns(given.sweep_id)) numbers.push(Number(run.number));
  return numbers;
}

/** Returns the revisions of the first changes of a sweep. */
export async function watchSweep(given: OfSweep & { readonly changes: number }): Promise<unknown> {
  using client = new Client({ env: given.environment });
  const revisions: number[] = [];
  for await (const change of client.watch(given.sweep_id)) {
    revisions.push(Number(change.revision));
    if (revisions.length === given.changes) break;
  }
  return revisions;
}

/** Runs an agent to its end; returns what it did, and what its code saw in each run. */
export async function runAgent(given: GivenAgent): Promise<unknown> {
  using client = new Client({ env: given.environment });
  const seen: Seen[] = [];
  const { count, agent_id: agentId, resume } = given;
  const { runs, failed } = await client.agent(given.sweep_id, trialOf(given, seen), {
    ...(count === undefined ? {} : { count }),
    ...(agentId === undefined ? {} : { agentId }),
    ...(resume === undefined ? {} : { resume }),
  });
  return { runs, failed, seen };
}

/**
 * Runs an agent, or the program of a command agent, in a process; returns its exit code. The process
 * gets the signal of the command, if there is one, once its code has logged a value.
 */
export async function runProcess(
  given: GivenAgent & { readonly signal?: NodeJS.Signals },
): Promise<unknown> {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("WANLLMDB_"));
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("process.js", import.meta.url)), JSON.stringify(given)],
    {
      env: { ...Object.fromEntries(others), ...given.environment },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exited = once(child, "exit") as Promise<[number | null]>;
  // The process writes a line when its code has logged a value.
  createInterface(child.stdout).once("line", () => {
    if (given.signal !== undefined) child.kill(given.signal);
  });
  const [code] = await exited;
  return { exit_code: code };
}

/** Returns the code of a run, which records what it sees; `begun` follows its first value. */
export function trialOf(given: GivenCode, seen: Seen[], begun: () => void = () => {}): Trial {
  const more = Object.fromEntries((given.names ?? []).map((name) => [name, 0.5]));
  return async (run) => {
    const record: Seen = {
      parameters: run.params,
      resumed: run.resumed,
      logged: 0,
      stopped: false,
    };
    seen.push(record);
    const log = async (value: number): Promise<void> => {
      await run.log({ loss: value, ...more });
      record.logged += 1;
      if (record.logged === 1) begun();
    };
    try {
      for (const value of given.values) await log(Number(value));
      // Until then the values can arrive before the end of the run.
      await pause((given.seconds ?? 0) * 1000);
      while (given.goes_on && record.logged < MOST_LOGGED) {
        await log(1);
        await pause(PAUSE_MS);
      }
    } catch (error) {
      record.stopped = error instanceof RunStoppedError;
      throw error;
    }
    if (given.fails !== undefined) throw new Error(given.fails);
  };
}
