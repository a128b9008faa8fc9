import { type Run, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { rowOf } from "./runColumns";
import type { RunTable } from "./runTable";

/** The most runs that one call stops or retries. */
export const MOST_IN_A_CALL = 1_000;

const STOPPABLE: readonly number[] = [RunState.QUEUED, RunState.RUNNING];
const RETRYABLE: readonly number[] = [
  RunState.FAILED,
  RunState.LOST,
  RunState.CANCELED,
  RunState.PRUNED,
];

/** Returns those of the runs that have not ended. */
export function canStop(table: RunTable, numbers: Iterable<number>): number[] {
  return inStates(table, numbers, STOPPABLE);
}

/** Returns those of the runs that ended in a state from which they can be queued again. */
export function canRetry(table: RunTable, numbers: Iterable<number>): number[] {
  return inStates(table, numbers, RETRYABLE);
}

/** Whether a run has not ended. */
export function isStoppable({ state }: Run): boolean {
  return STOPPABLE.includes(state);
}

/** Whether a run can be queued again: it ended without a result. */
export function isRetryable({ state, objective, objectives, error }: Run): boolean {
  if (RETRYABLE.includes(state)) return true;
  const isWithoutResult = objective === undefined && objectives.length === 0;
  return state === RunState.FINISHED && isWithoutResult && error !== undefined;
}

function inStates(table: RunTable, numbers: Iterable<number>, states: readonly number[]): number[] {
  const found: number[] = [];
  for (const number of numbers) {
    const row = rowOf(table.numbers, table.count, number);
    if (row >= 0 && states.includes(table.states[row] ?? 0)) found.push(number);
  }
  return found.sort((one, other) => one - other);
}
