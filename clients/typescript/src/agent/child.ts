import type { Core } from "../core/client.js";
import { isPassing, messageOf, NoRunError, RunStoppedError, ServiceError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import type { Value } from "../core/values.js";
import { type Run as RunMessage, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import { type Environment, flagOf, textOf } from "../node/env.js";
import { patienceOf } from "../node/settings.js";
import type { StopOrder } from "./commands.js";
import { execute } from "./execute.js";
import { type Ended, outcomeOfRun } from "./outcomes.js";
import { silentRank } from "./ranks.js";
import { ActiveRun, type Trial } from "./run.js";
import type { Outcome } from "./sender.js";
import { Waiter } from "./waiter.js";

/** The run that the environment of a program names. */
export interface NamedRun {
  readonly sweepId: string;
  readonly number: number;
  readonly attempt: number;
  readonly resumed: boolean;
}

/**
 * Returns the run that a command agent names to its program; undefined if there is none.
 *
 * @throws NoRunError if the run's number or attempt is missing or no number.
 */
export function namedRun(env: Environment): NamedRun | undefined {
  const sweepId = textOf(env, "WANLLMDB_SWEEP_ID");
  if (sweepId === undefined) return undefined;
  return {
    sweepId,
    number: decimalOf(env, "WANLLMDB_RUN_NUMBER"),
    attempt: decimalOf(env, "WANLLMDB_RUN_ATTEMPT"),
    resumed: flagOf(env, "WANLLMDB_RUN_RESUMED"),
  };
}

/**
 * Executes a trial for the run that a command agent holds. Values are delivered before it returns,
 * and a run that was pruned or canceled is ended. In a program of several processes only that of
 * rank 0 reports.
 *
 * @throws NoRunError if there is no run, or it belongs to another agent.
 * @throws RunStoppedError if the run was lost meanwhile.
 */
export async function runChild<P = Record<string, Value>>(
  core: Core,
  env: Environment,
  trial: Trial<P>,
  say: (line: string) => void,
): Promise<void> {
  const named = namedRun(env);
  if (named === undefined) {
    throw new NoRunError(
      "the environment names no run (WANLLMDB_SWEEP_ID): start the program by `wanllmdb agent`",
    );
  }
  // The command agent has reached the services before.
  const waiter = new Waiter(patienceOf(env, undefined, true).seconds, say);
  const [sweep, run] = await waiter.retry(() => found(core, named));
  const rank = silentRank(env);
  const active = new ActiveRun<P>({
    core,
    sweep,
    run,
    nextCheck: rank === undefined ? await firstCheck(core, sweep, named) : undefined,
    lease: undefined,
    resumed: named.resumed,
    waiter,
    warn: say,
    isSilent: rank !== undefined,
  });
  if (rank !== undefined)
    say(`this process reports nothing, since only that of rank 0 does: ${rank}`);
  const ended = await execute(active, trial);
  if (rank !== undefined) {
    if (ended.kind === "failed") throw ended.error;
    return;
  }
  try {
    await active.complete(endOf(ended, active.stopOrder));
  } catch (error) {
    if (ended.kind !== "failed") throw error;
    say(`the values of run ${active.number} could not be delivered: ${messageOf(error)}`);
  }
  // The registry has the end of a run that was pruned or canceled; the exit code says all others.
  if (ended.kind === "failed" && active.ended === undefined) throw ended.error;
  const order = active.stopOrder;
  if (order?.kind === "lost") throw new RunStoppedError(`the run stops: ${order.reason}`);
}

/**
 * Returns the end that the exit code can't say: pruned, or canceled. By any other outcome only the
 * values are delivered, since the agent ends the run; undefined if it is no longer this agent's.
 */
function endOf(ended: Ended, order: StopOrder | undefined): Outcome | undefined {
  if (order?.kind === "lost") return undefined;
  const outcome = outcomeOfRun(ended, order);
  if (outcome === undefined || outcome.case === "pruned" || outcome.case === "canceled") {
    return outcome;
  }
  return outcomeOfRun({ kind: "succeeded" }, undefined);
}

async function found(core: Core, named: NamedRun): Promise<[Sweep, RunMessage]> {
  const options = { timeoutMs: PROTOCOL.runCallDeadline * 1000 };
  const sweep = await core.getSweep(named.sweepId, options);
  const run = await core.getRun(named.sweepId, named.number, options);
  if (run.attempt === named.attempt && run.state === RunState.RUNNING) return [sweep, run];
  throw new NoRunError(
    `run ${named.number} of sweep ${named.sweepId} is no longer this program's: its lease was ` +
      `lost (attempt ${named.attempt}; now attempt ${run.attempt}, ${RunState[run.state]})`,
  );
}

/** Returns when the first check is due: at the first value if the service does not answer. */
async function firstCheck(
  core: Core,
  sweep: Sweep,
  { sweepId, number }: NamedRun,
): Promise<number | undefined> {
  if (sweep.spec?.earlyTermination === undefined) return undefined;
  try {
    const { nextCheckIteration: next } = await core.suggestion.shouldStop(
      { sweepId, number: BigInt(number) },
      { timeoutMs: PROTOCOL.checkDeadline * 1000 },
    );
    return next === undefined ? undefined : Number(next);
  } catch (error) {
    if (isPassing(error) || error instanceof ServiceError) return 1;
    throw error;
  }
}

function decimalOf(env: Environment, name: string): number {
  const text = textOf(env, name) ?? "";
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new NoRunError(`${name} is '${text}', but must be the decimal number of a run or attempt`);
}
