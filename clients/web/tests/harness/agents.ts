import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PROGRAMS } from "./platform";

/** A run as an agent holds it. */
export interface Held {
  readonly number: number;
  readonly attempt: number;
  readonly parameters: Readonly<Record<string, unknown>>;
}

interface End {
  readonly values?: Readonly<Record<string, number>>;
  readonly outcome?: "succeeded" | "failed" | "pruned" | "canceled";
  readonly message?: string;
  readonly traceback?: string;
}

/** Makes the calls of agents, which browsers may not make, by a Python process. */
export class Agents {
  readonly #process: ChildProcess;
  readonly #answers: Interface;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor({
    registry,
    suggestion,
    key,
  }: { registry: string; suggestion: string; key?: string }) {
    this.#process = spawn(
      join(PROGRAMS, "python"),
      [fileURLToPath(new URL("agents.py", import.meta.url))],
      {
        stdio: ["pipe", "pipe", "inherit"],
        env: {
          ...process.env,
          WANLLMDB_REGISTRY: registry,
          WANLLMDB_SUGGESTION: suggestion,
          ...(key === undefined ? {} : { WANLLMDB_API_KEY: key }),
        },
        detached: true,
      },
    );
    if (this.#process.stdout === null) throw new Error("the process has no output");
    this.#answers = createInterface(this.#process.stdout);
    this.#answers.on("line", (line) => this.#waiting.shift()?.(line));
  }

  /** Assigns runs to an agent. */
  async take(sweep: string, count = 1, agent = "agent-1"): Promise<readonly Held[]> {
    return (await this.#ask({ command: "take", sweep, count, agent })) as Held[];
  }

  /** Reports values of a run; returns the command that its agent gets. */
  report(sweep: string, { number, attempt }: Held, values: Record<string, number>) {
    return this.#ask({ command: "report", sweep, number, attempt, values });
  }

  finish(sweep: string, { number, attempt }: Held, end: End): Promise<unknown> {
    return this.#ask({ command: "finish", sweep, number, attempt, ...end });
  }

  /** Takes and finishes runs, one for each value of the metric. */
  async finishRuns(sweep: string, metric: string, values: readonly number[]): Promise<void> {
    for (const [index, held] of (await this.take(sweep, values.length)).entries()) {
      await this.finish(sweep, held, { values: { [metric]: values[index] ?? 0 } });
    }
  }

  /** Starts a real agent, whose runs last that many steps of 0.2 s. */
  work(sweep: string, steps = 1_000_000): Promise<unknown> {
    return this.#ask({ command: "work", sweep, steps });
  }

  /** Ends the process and the agents that it started. */
  async close(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.stdin?.end();
    if (this.#process.exitCode === null) await ended;
  }

  async #ask(command: object): Promise<unknown> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
    const { result, error } = JSON.parse(await answer);
    if (error !== undefined) throw new Error(error);
    return result;
  }
}
