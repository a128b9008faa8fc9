import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { textOfChoice, textOfStopping } from "./algorithm";
import { type DistributionField, distributionFields } from "./distribution";
import { textOfSpace } from "./spaceText";

/*
 * A setting is a text with a key, so that a form can show it, compare it with what others wrote
 * meanwhile, and say what is wrong with it. Keys of what a sweep has several of end with its name:
 * "target:loss", "min:optimizer/lr".
 */

export type Texts = Readonly<Record<string, string>>;

const LOST_BY_DEFAULT = 2;

/** Returns the key of a metric's target. */
export function targetKey(metric: string): string {
  return `target:${metric}`;
}

/** Returns the key of a part of a parameter's distribution. */
export function parameterKey(field: DistributionField, parameter: string): string {
  return `${field}:${parameter}`;
}

/** Returns the key of a constraint, whose text is "kept" or empty. */
export function constraintKey(constraint: string): string {
  return `constraint:${constraint}`;
}

export const KEPT = "kept";

/** The key of the whole space, for a user who edits it as a text. */
export const SPACE = "space";

const OF_SPACE = /^(values|probabilities|scale|min|max|q|mu|sigma|a|b|constraint):/;

/** Whether a setting is a part of the space. */
export function isOfSpace(key: string): boolean {
  return OF_SPACE.test(key);
}

/** Returns the settings of a sweep that UpdateSweep changes. */
export function settingsOf(sweep: Sweep): Texts {
  const { spec } = sweep;
  const texts: Record<string, string> = {
    name: sweep.name,
    description: sweep.description,
    run_cap: optional(spec?.runCap),
    max_failed_runs: optional(spec?.maxFailedRuns),
    retries_lost: String(spec?.retries?.lost ?? LOST_BY_DEFAULT),
    retries_failed: String(spec?.retries?.failed ?? 0),
    stopping: textOfStopping(spec?.earlyTermination),
    terminator: textOfChoice(spec?.terminator),
    [SPACE]: textOfSpace(spec?.searchSpace),
  };
  for (const { name, target } of spec?.metrics ?? []) texts[targetKey(name)] = optional(target);
  for (const { name, distribution } of spec?.searchSpace?.parameters ?? []) {
    for (const [field, text] of Object.entries(distributionFields(distribution))) {
      texts[parameterKey(field as DistributionField, name)] = text;
    }
  }
  for (const constraint of spec?.searchSpace?.constraints ?? []) {
    texts[constraintKey(constraint)] = KEPT;
  }
  return texts;
}

function optional(value: bigint | number | undefined): string {
  return value === undefined ? "" : String(value);
}
