import { hostname } from "node:os";
import type { Core } from "../core/client.js";
import { InvalidArgumentError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { aborted, sleep } from "../core/time.js";
import type { Value } from "../core/values.js";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import { type Environment, flagOf, textOf } from "../node/env.js";
import { patienceOf } from "../node/settings.js";
import { FailureCounter, type FailureLimits } from "./failures.js";
import type { Leases } from "./lease.js";
import { Loop } from "./loop.js";
import type { Trial } from "./run.js";
import { Shutdown } from "./shutdown.js";
import { Waiter } from "./waiter.js";

/** How an agent works. What is absent is read from the environment. */
export interface AgentOptions extends FailureLimits {
  /** The largest number of runs; no limit by default. */
  readonly count?: number;
  /** The agent's name, which must be unique among running agents; made up by default. */
  readonly agentId?: string;
  /** Whether to begin with the runs that an earlier agent of this name held. */
  readonly resume?: boolean;
  /** Whether to wait while runs of other agents may be queued again. */
  readonly stay?: boolean;
  /** The seconds that the agent waits for unavailable services. */
  readonly patience?: number;
  /** Ends the agent, and gives the run in progress back. */
  readonly signal?: AbortSignal;
  /** Whether SIGINT and SIGTERM end the agent in an orderly way; true by default. */
  readonly handlesSignals?: boolean;
  /** Takes lines for people; they go to stderr by default. */
  readonly say?: (line: string) => void;
}

/** What an agent did. */
export interface AgentResult {
  readonly runs: number;
  readonly failed: number;
  /** Why the agent took no more runs. */
  readonly endedBy: string;
  /** Whether a signal of the process or of the program ended the agent. */
  readonly wasEnded: boolean;
}

/** The client of an agent. */
export interface AgentClient {
  readonly core: Core;
  readonly env: Environment;
  /** Starts what renews the leases. */
  readonly startLeases: (say: (line: string) => void) => Leases;
}

/**
 * Executes runs of a sweep until there are no more.
 *
 * @throws AgentGaveUpError if too many runs failed.
 * @throws ServiceError if the services are unavailable for too long.
 */
export async function runAgent<P = Record<string, Value>>(
  { core, env, startLeases }: AgentClient,
  sweepId: string,
  trial: Trial<P>,
  options: AgentOptions = {},
): Promise<AgentResult> {
  const say = options.say ?? printLine;
  const resume = options.resume ?? flagOf(env, "WANLLMDB_RESUME");
  const agentId = nameOf(env, options.agentId, resume);
  const count = checkedCount(options.count);
  const patience = patienceOf(env, options.patience, resume);
  const failures = new FailureCounter(env, options);
  const shutdown = new Shutdown(say);
  const restore = shutdown.listen(options.signal, options.handlesSignals ?? true);
  const done = new AbortController();
  const leases = startLeases(say);
  try {
    const sweep = await findSweep(core, sweepId, patience.atFirst, shutdown, say);
    if (sweep === undefined) return resultOf(undefined, shutdown);
    const loop = new Loop<P>({
      core,
      leases,
      sweep,
      trial,
      agentId,
      count,
      resume,
      stay: options.stay ?? flagOf(env, "WANLLMDB_STAY"),
      patience,
      failures,
      shutdown,
      say,
    });
    await Promise.race([loop.work(), idleEnd(loop, shutdown, done.signal)]);
    return resultOf(loop, shutdown);
  } finally {
    done.abort();
    leases.close();
    restore();
  }
}

/** Returns the sweep; undefined if the agent was ended while it waited for the registry. */
async function findSweep(
  core: Core,
  sweepId: string,
  patience: number,
  { draining }: Shutdown,
  say: (line: string) => void,
): Promise<Sweep | undefined> {
  try {
    const waiter = new Waiter(patience, say, draining);
    return await waiter.retry(() => core.getSweep(sweepId, { signal: draining }));
  } catch (error) {
    if (!draining.aborted) throw error;
    return undefined;
  }
}

function resultOf<P>(loop: Loop<P> | undefined, { endedBy }: Shutdown): AgentResult {
  return {
    runs: loop?.runs ?? 0,
    failed: loop?.failed ?? 0,
    endedBy: endedBy ?? loop?.endedBy ?? "",
    wasEnded: endedBy !== undefined,
  };
}

/** Resolves when the agent is to end, and has held no run for a while: a call hangs. */
async function idleEnd<P>(loop: Loop<P>, { draining }: Shutdown, done: AbortSignal): Promise<void> {
  await aborted(draining);
  do {
    while (loop.active !== undefined && !done.aborted) await sleep(PROTOCOL.flushPause, done);
    await sleep(PROTOCOL.idleEnd, done);
  } while (loop.active !== undefined && !done.aborted);
}

function checkedCount(count: number | undefined): number | undefined {
  if (count === undefined || (Number.isSafeInteger(count) && count >= 0)) return count;
  throw new InvalidArgumentError(`the option count is ${count}, but must be an integer from 0`);
}

function nameOf(env: Environment, given: string | undefined, resume: boolean): string {
  const name = given || textOf(env, "WANLLMDB_AGENT_ID");
  if (name === undefined && resume) {
    throw new InvalidArgumentError(
      "resume needs the agent's earlier name: give a name that stays the same when the job " +
        "restarts, by agentId or WANLLMDB_AGENT_ID",
    );
  }
  return name ?? `${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 6)}`;
}

/** Prints a line for people. */
export function printLine(line: string): void {
  process.stderr.write(`wanllmdb: ${line}\n`);
}
