import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { actionsOf } from "./sweeps";

/** What a user can do to several sweeps at once. */
export type BulkAction = "pause" | "resume" | "cancel" | "delete";

export const BULK_ACTIONS: readonly BulkAction[] = ["pause", "resume", "cancel", "delete"];

/** Returns those of the sweeps that an action can be applied to. */
export function eligible(sweeps: readonly Sweep[], action: BulkAction): Sweep[] {
  if (action === "delete") return [...sweeps];
  return sweeps.filter(({ state }) => actionsOf(state).includes(action));
}

/** A sweep for which a call failed, and the failure. */
export interface Failure {
  readonly sweep: Sweep;
  readonly error: unknown;
}

/** How many calls are sent at once: a browser has few connections. */
const AT_ONCE = 2;

/** Calls something for each sweep, a few at once, and returns the failures in the same order. */
export async function callForEach(
  sweeps: readonly Sweep[],
  call: (sweep: Sweep) => Promise<unknown>,
): Promise<Failure[]> {
  const errors = new Map<Sweep, unknown>();
  const rest = [...sweeps];
  const work = async () => {
    for (let sweep = rest.shift(); sweep !== undefined; sweep = rest.shift()) {
      try {
        await call(sweep);
      } catch (error) {
        errors.set(sweep, error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return sweeps.flatMap((sweep) =>
    errors.has(sweep) ? [{ sweep, error: errors.get(sweep) }] : [],
  );
}

const MOST_NAMES = 8;

/** Returns the names of the first sweeps, and how many more there are. */
export function namesOf(sweeps: readonly Sweep[]): { names: readonly string[]; more: number } {
  const shown = sweeps.slice(0, MOST_NAMES);
  return {
    names: shown.map(({ name, sweepId }) => name || sweepId),
    more: sweeps.length - shown.length,
  };
}
