import { runStateName } from "./runStates";
import type { RunFilter } from "./runTable";

export type FileFormat = "csv" | "jsonl";

/** A command of the terminal that exports runs. */
export interface ExportCommand {
  readonly command: string;
  /** Whether it exports the runs that the filter keeps, or more. */
  readonly isSame: boolean;
}

/** Returns the command that exports the runs of a filter, or else those of its states. */
export function exportCommand(
  sweepId: string,
  { states, conditions, top }: RunFilter,
  format: FileFormat,
): ExportCommand {
  const chosen = states.flatMap((state) => runStateName(state) ?? []);
  const options = chosen.map((name) => ` --state ${name}`).join("");
  return {
    command: `wanllmdb runs export ${sweepId}${options} --output ${sweepId}-runs.${format}`,
    // The command filters by nothing but the state.
    isSame: conditions.length === 0 && top === undefined,
  };
}
