import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AlgorithmChoice,
  AlgorithmChoiceSchema,
  EarlyTermination,
  EarlyTerminationSchema,
} from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { parseValue, valueText } from "../valueText";

/** A rule with options as a form has it: each option as its text; an empty one has its default. */
export interface RuleForm {
  /** Empty for no rule. */
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** The name of W&B's Hyperband among the pruners. */
export const HYPERBAND = "hyperband-wandb";
export const HYPERBAND_OPTIONS = ["min_iter", "eta", "strict", "max_iter", "s"] as const;

export const NO_RULE = ruleText({ name: "", options: {} });

/** Returns a rule as one text, the same for equal rules. */
export function ruleText({ name, options }: RuleForm): string {
  if (name === "") return "";
  const given = Object.entries(options).filter(([, text]) => text.trim() !== "");
  return JSON.stringify([name, ...given.sort(([one], [other]) => (one < other ? -1 : 1))]);
}

/** Returns the rule of a text that ruleText returned. */
export function readRule(text: string): RuleForm {
  if (text === "") return { name: "", options: {} };
  const [name, ...options] = JSON.parse(text) as [string, ...[string, string][]];
  return { name, options: Object.fromEntries(options) };
}

/** Returns a rule as people read it: "median, n_startup_trials 5". */
export function describeRule(text: string): string {
  const { name, options } = readRule(text);
  if (name === "") return "none";
  return [name, ...Object.entries(options).map(([option, value]) => `${option} ${value}`)].join(
    ", ",
  );
}

/** Returns an algorithm as a text. */
export function textOfChoice(choice: AlgorithmChoice | undefined): string {
  if (choice === undefined) return NO_RULE;
  const options = Object.entries(choice.options).map(([name, value]) => [name, valueText(value)]);
  return ruleText({ name: choice.name, options: Object.fromEntries(options) });
}

/** Returns when runs are stopped early, as a text. */
export function textOfStopping(stopping: EarlyTermination | undefined): string {
  const rule = stopping?.rule;
  if (rule?.case === "pruner") return textOfChoice(rule.value);
  if (rule?.case !== "hyperband") return NO_RULE;
  const { minIter, eta, strict, maxIter, s } = rule.value;
  const options = {
    min_iter: minIter === 0n ? "" : String(minIter),
    eta: eta === 0 ? "" : String(eta),
    strict: strict === undefined ? "" : String(strict),
    max_iter: maxIter === 0n ? "" : String(maxIter),
    s: s === 0 ? "" : String(s),
  };
  return ruleText({ name: HYPERBAND, options });
}

/** Returns the algorithm of a text; undefined for none, or the option that is no value. */
export function readChoice(
  text: string,
): MessageInitShape<typeof AlgorithmChoiceSchema> | undefined | WrongOption {
  const { name, options } = readRule(text);
  if (name === "") return undefined;
  const values: Record<string, NonNullable<ReturnType<typeof parseValue>>> = {};
  for (const [option, given] of Object.entries(options)) {
    const value = parseValue(given);
    if (value === undefined) return new WrongOption(option, `${option} is no value.`);
    values[option] = value;
  }
  return { name, options: values };
}

/** Returns the early termination of a text; undefined for none, or the option that is no value. */
export function readStopping(
  text: string,
): MessageInitShape<typeof EarlyTerminationSchema> | undefined | WrongOption {
  const { name, options } = readRule(text);
  if (name !== HYPERBAND) {
    const choice = readChoice(text);
    if (choice === undefined || choice instanceof WrongOption) return choice;
    return { rule: { case: "pruner", value: choice } };
  }
  for (const option of ["min_iter", "max_iter", "s"] as const) {
    if (!/^\d{0,9}$/.test(options[option]?.trim() ?? "")) {
      return new WrongOption(option, `${option} must be a whole number.`);
    }
  }
  if (!Number.isFinite(Number(options.eta ?? 0))) {
    return new WrongOption("eta", "eta must be a number.");
  }
  const strict = options.strict?.trim() ?? "";
  if (!["", "true", "false"].includes(strict)) {
    return new WrongOption("strict", "strict must be true or false.");
  }
  const value = {
    minIter: BigInt(options.min_iter?.trim() || 0),
    eta: Number(options.eta ?? 0),
    maxIter: BigInt(options.max_iter?.trim() || 0),
    s: Number(options.s ?? 0),
    ...(strict === "" ? {} : { strict: strict === "true" }),
  };
  return { rule: { case: "hyperband", value } };
}

/** An option whose text is no value. */
export class WrongOption {
  constructor(
    readonly option: string,
    readonly text: string,
  ) {}
}
