import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { SearchSpaceSchema } from "../../gen/wanllmdb/api/registry/v1/search_space_pb";
import type { Sweep, SweepSpecSchema } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { readChoice, readStopping, WrongOption } from "./algorithm";
import { distributionFields, type FieldTexts, toNumber, withFields } from "./distribution";
import { readSpace } from "./spaceText";
import {
  constraintKey,
  isOfSpace,
  KEPT,
  parameterKey,
  SPACE,
  settingsOf,
  type Texts,
  targetKey,
} from "./values";

type SpecInit = MessageInitShape<typeof SweepSpecSchema>;

/** A request of UpdateSweep, without the ids. */
export interface SettingsUpdate {
  readonly name: string;
  readonly description: string;
  readonly spec: SpecInit;
  /** What the request changes. */
  readonly paths: readonly string[];
}

/** The settings whose texts mean nothing, each with what is wrong. */
export type Wrong = Readonly<Record<string, string>>;

const LARGEST_COUNT = 2n ** 31n;

/**
 * Returns the update that gives a sweep other settings, of which only those that differ are in the
 * mask; or what is wrong with their texts.
 *
 * @param before The settings of the sweep.
 */
export function updateOf(
  sweep: Sweep,
  edits: Texts,
  before: Texts = settingsOf(sweep),
): SettingsUpdate | { readonly wrong: Wrong } {
  const changed = new Set(Object.keys(edits).filter((key) => edits[key] !== (before[key] ?? "")));
  const text = (key: string) => edits[key] ?? before[key] ?? "";
  const wrong: Record<string, string> = {};
  const paths: string[] = [];
  const spec: SpecInit = {};

  const count = (key: string): bigint | undefined => {
    const digits = text(key).trim();
    if (digits === "") return undefined;
    const isCount = /^\d{1,10}$/.test(digits) && BigInt(digits) >= 1n;
    if (isCount && BigInt(digits) <= LARGEST_COUNT) return BigInt(digits);
    wrong[key] = "This must be a whole number of at least 1, or empty for no limit.";
    return undefined;
  };
  const retries = (key: string): number => {
    const digits = text(key).trim();
    if (/^\d{1,3}$/.test(digits) && Number(digits) <= 100) return Number(digits);
    wrong[key] = "This must be a whole number from 0 to 100.";
    return 0;
  };
  const choice = <T>(key: string, read: (text: string) => T | WrongOption): T | undefined => {
    const value = read(text(key));
    if (!(value instanceof WrongOption)) return value;
    wrong[key] = value.text;
    return undefined;
  };

  if (changed.has("name")) {
    paths.push("name");
    if (text("name").trim() === "") wrong.name = "A sweep needs a name.";
  }
  if (changed.has("description")) paths.push("description");
  if (changed.has("run_cap")) {
    paths.push("spec.run_cap");
    const cap = count("run_cap");
    if (cap !== undefined) spec.runCap = cap;
  }
  if (changed.has("max_failed_runs")) {
    paths.push("spec.max_failed_runs");
    const most = count("max_failed_runs");
    if (most !== undefined) spec.maxFailedRuns = most;
  }
  if (changed.has("retries_lost") || changed.has("retries_failed")) {
    paths.push("spec.retries");
    spec.retries = { lost: retries("retries_lost"), failed: retries("retries_failed") };
  }
  if (changed.has("stopping")) {
    paths.push("spec.early_termination");
    const rule = choice("stopping", readStopping);
    if (rule !== undefined) spec.earlyTermination = rule;
  }
  if (changed.has("terminator")) {
    paths.push("spec.terminator");
    const rule = choice("terminator", readChoice);
    if (rule !== undefined) spec.terminator = rule;
  }
  const metrics = (sweep.spec?.metrics ?? []).filter(({ name }) => changed.has(targetKey(name)));
  if (metrics.length > 0) {
    paths.push("spec.metrics");
    spec.metrics = metrics.map(({ name }) => {
      const key = targetKey(name);
      if (text(key).trim() === "") return { name };
      const target = toNumber(text(key));
      if (target === undefined) wrong[key] = "This must be a number, or empty for no target.";
      return target === undefined ? { name } : { name, target };
    });
  }
  const space = spaceOf(sweep, changed, text, wrong);
  if (space !== undefined) {
    paths.push("spec.search_space");
    spec.searchSpace = space;
  }
  if (Object.keys(wrong).length > 0) return { wrong };
  return { name: text("name"), description: text("description"), spec, paths };
}

/** Returns the space with the changed parts, and notes what is wrong; undefined if none changed. */
function spaceOf(
  sweep: Sweep,
  changed: ReadonlySet<string>,
  text: (key: string) => string,
  wrong: Record<string, string>,
) {
  const before = sweep.spec?.searchSpace;
  if (before === undefined) return undefined;
  if (changed.has(SPACE)) {
    const whole = readSpace(text(SPACE));
    if (whole === undefined) wrong[SPACE] = "Correct the text first.";
    return whole;
  }
  // A space can have hundreds of parameters, and this runs with each key that the user presses.
  if (![...changed].some(isOfSpace)) return undefined;
  const parameters = before.parameters.map((parameter) => {
    const { name } = parameter;
    if (![...changed].some((key) => isOfSpace(key) && key.endsWith(`:${name}`))) return parameter;
    const fields = Object.keys(distributionFields(parameter.distribution)) as (keyof FieldTexts)[];
    if (!fields.some((field) => changed.has(parameterKey(field, name)))) return parameter;
    const texts = Object.fromEntries(
      fields.map((field) => [field, text(parameterKey(field, name))]),
    );
    const read = withFields(parameter, texts);
    for (const [field, problem] of Object.entries(read.wrong)) {
      wrong[parameterKey(field as keyof FieldTexts, name)] = problem;
    }
    return read.parameter;
  });
  const constraints = before.constraints.filter((each) => text(constraintKey(each)) === KEPT);
  return create(SearchSpaceSchema, { parameters, constraints });
}
