import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";

/** The states of a run in the order in which a page lists them, by their names in URLs. */
export const RUN_STATES = {
  queued: RunState.QUEUED,
  running: RunState.RUNNING,
  finished: RunState.FINISHED,
  pruned: RunState.PRUNED,
  failed: RunState.FAILED,
  lost: RunState.LOST,
  canceled: RunState.CANCELED,
} as const;

export type RunStateName = keyof typeof RUN_STATES;

export const RUN_STATE_NAMES = Object.keys(RUN_STATES) as RunStateName[];

/** Returns the name of a run's state; undefined for one that this page does not know. */
export function runStateName(state: number): RunStateName | undefined {
  return RUN_STATE_NAMES.find((name) => RUN_STATES[name] === state);
}

/** Whether a text is the name of a run's state. */
export function isRunStateName(text: unknown): text is RunStateName {
  return typeof text === "string" && Object.hasOwn(RUN_STATES, text);
}
