import { messageOf, RunStoppedError } from "../core/errors.js";
import type { Ended } from "./outcomes.js";
import type { ActiveRun, Trial } from "./run.js";

/** Executes the code of a trial; returns how it ended. */
export async function execute<P>(run: ActiveRun<P>, trial: Trial<P>): Promise<Ended> {
  try {
    await trial(run, { signal: run.signal });
    return { kind: "succeeded" };
  } catch (error) {
    if (error instanceof RunStoppedError) return { kind: "stopped", reason: messageOf(error) };
    // What the code waited for ended by its signal.
    if (run.signal.aborted && isAbort(error)) {
      return { kind: "stopped", reason: messageOf(run.signal.reason) };
    }
    return { kind: "failed", error };
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
