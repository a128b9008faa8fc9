import type { Core } from "../core/client.js";
import { isPassing, NoRunError, RunStoppedError, ServiceError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import type { Value } from "../core/values.js";
import { type Run as RunMessage, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import { type Environment, flagOf, textOf } from "../node/env.js";
import { patienceOf } from "../node/settings.js";
import { outcomeOf, outcomeOfRun } from "./outcomes.js";
import { ActiveRun, type Trial } from "./run.js";
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
 * and a run that was pruned or canceled is ended.
 *
 * @throws NoRunError if there is no run, or it belongs to another agent.
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
  const active = new ActiveRun<P>({
    core,
    sweep,
    run,
    nextCheck: await firstCheck(core, sweep, named),
    lease: undefined,
    resumed: named.resumed,
    waiter,
    warn: say,
  });
  try {
    await trial(active, { signal: active.signal });
  } catch (error) {
    if (!(error instanceof RunStoppedError)) throw error;
  } finally {
    await end(active);
  }
}

/** Ends a run that was stopped; else delivers its values, since the agent ends it by the exit code. */
async function end<P>(active: ActiveRun<P>): Promise<void> {
  const order = active.stopOrder;
  await active.complete(order ? outcomeOf(order) : outcomeOfRun({ kind: "succeeded" }, undefined));
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
