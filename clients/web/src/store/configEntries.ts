import type {
  BetaDistribution,
  LogNormalDistribution,
  LogUniformDistribution,
  NormalDistribution,
  Parameter,
  ParameterValue,
  UniformDistribution,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import {
  type AlgorithmChoice,
  ArgsStyle,
  Goal,
  Impute,
  Method,
  type Metric,
  ObjectiveValue,
  type Sweep,
} from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { parameterText } from "./parameterText";

/** A value in a config: a text, or a list. */
export type ConfigValue = string | readonly string[];

/** The parts of a config, in the order in which a page lists them. */
export const SECTIONS = [
  "Search",
  "Metrics",
  "Parameters",
  "Constraints",
  "Early termination",
  "Limits",
  "Program",
] as const;

export type Section = (typeof SECTIONS)[number];

/** One key of a config with its value. */
export interface ConfigEntry {
  readonly section: Section;
  /** What the key belongs to, for example a parameter; empty if the section has one subject. */
  readonly subject: string;
  readonly name: string;
  readonly value: ConfigValue;
}

/** Returns the keys of a sweep's config, with the defaults that a config may leave out. */
export function configEntries({ spec, priorRunCount }: Sweep): ConfigEntry[] {
  if (spec === undefined) return [];
  const { searchSpace, earlyTermination, retries, terminator, sampler } = spec;
  return [
    entry("Search", "", "method", nameOf(Method, spec.method)),
    ...algorithm("Search", "sampler", sampler),
    ...optional("Search", "", "seed", spec.seed),
    ...(priorRunCount > 0n ? [entry("Search", "", "prior runs", String(priorRunCount))] : []),
    ...spec.metrics.flatMap(metricEntries),
    ...(searchSpace?.parameters.flatMap(parameterEntries) ?? []),
    ...list("Constraints", "", "constraints", searchSpace?.constraints ?? []),
    ...terminationEntries(earlyTermination?.rule),
    ...optional("Limits", "", "run cap", spec.runCap),
    ...optional("Limits", "", "most failed runs", spec.maxFailedRuns),
    entry("Limits", "retries", "lost", String(retries?.lost ?? 2)),
    entry("Limits", "retries", "failed", String(retries?.failed ?? 0)),
    ...algorithm("Limits", "terminator", terminator),
    ...(spec.program === "" ? [] : [entry("Program", "", "program", spec.program)]),
    ...list("Program", "", "command", spec.command),
    entry("Program", "", "arguments", nameOf(ArgsStyle, spec.argsStyle || ArgsStyle.FLAT)),
  ];
}

function entry(section: Section, subject: string, name: string, value: ConfigValue): ConfigEntry {
  return { section, subject, name, value };
}

function optional(
  section: Section,
  subject: string,
  name: string,
  value: number | bigint | undefined,
): ConfigEntry[] {
  return value === undefined ? [] : [entry(section, subject, name, String(value))];
}

function list(
  section: Section,
  subject: string,
  name: string,
  values: readonly string[],
): ConfigEntry[] {
  return values.length === 0 ? [] : [entry(section, subject, name, values)];
}

function algorithm(
  section: Section,
  subject: string,
  choice: AlgorithmChoice | undefined,
): ConfigEntry[] {
  if (choice === undefined) return [];
  const options = Object.entries(choice.options).sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    entry(section, subject, "name", choice.name),
    ...options.map(([name, value]) => entry(section, subject, name, valueText(value))),
  ];
}

function metricEntries(metric: Metric): ConfigEntry[] {
  const { name, goal, target, value, meanOver, impute, imputeWhileRunning } = metric;
  const own = (key: string, text: string) => entry("Metrics", name, key, text);
  return [
    own("goal", nameOf(Goal, goal || Goal.MINIMIZE)),
    ...optional("Metrics", name, "target", target),
    own("value", nameOf(ObjectiveValue, value || ObjectiveValue.LAST)),
    ...(meanOver > 0 ? [own("mean over", String(meanOver))] : []),
    ...(impute > 0 ? [own("impute", nameOf(Impute, impute))] : []),
    ...(imputeWhileRunning > 0
      ? [own("impute while running", nameOf(Impute, imputeWhileRunning))]
      : []),
  ];
}

function parameterEntries({ name, distribution, conditions }: Parameter): ConfigEntry[] {
  return [
    ...(distribution.case === undefined
      ? []
      : [entry("Parameters", name, "distribution", distributionName(distribution.case))]),
    ...distributionEntries(distribution).map(([key, value]) =>
      entry("Parameters", name, key, value),
    ),
    ...list(
      "Parameters",
      name,
      "only if",
      conditions.map(
        ({ parameter, values }) => `${parameter} is ${values.map(valueText).join(" or ")}`,
      ),
    ),
  ];
}

function distributionName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function distributionEntries(distribution: Parameter["distribution"]): [string, ConfigValue][] {
  switch (distribution.case) {
    case undefined:
      return [];
    case "constant":
      return distribution.value.value === undefined
        ? []
        : [["value", valueText(distribution.value.value)]];
    case "categorical": {
      const { values, probabilities } = distribution.value;
      return [
        ["values", values.map(valueText)],
        ...(probabilities.length > 0
          ? [["probabilities", probabilities.map(String)] satisfies [string, ConfigValue]]
          : []),
      ];
    }
    case "intUniform":
    case "intLogUniform":
      return rangeEntries({ ...distribution.value, q: distribution.value.q ?? 1n });
    case "quantized": {
      const { distribution: inner, step } = distribution.value;
      return [
        ...(inner.case === undefined
          ? []
          : ([["of", distributionName(inner.case)], ...rangeEntries(inner.value)] satisfies [
              string,
              ConfigValue,
            ][])),
        ...(step.case === undefined
          ? []
          : ([
              ["step", String(step.value)],
              ["numbers", step.case === "intQ" ? "integers" : "floats"],
            ] satisfies [string, ConfigValue][])),
      ];
    }
    default:
      return rangeEntries(distribution.value);
  }
}

type Range =
  | UniformDistribution
  | LogUniformDistribution
  | NormalDistribution
  | LogNormalDistribution
  | BetaDistribution
  | { readonly min: bigint; readonly max: bigint; readonly q: bigint };

const RANGE_KEYS = [
  ["min", "min"],
  ["max", "max"],
  ["q", "step"],
  ["mu", "mu"],
  ["sigma", "sigma"],
  ["a", "a"],
  ["b", "b"],
] as const;

function rangeEntries(range: Range): [string, ConfigValue][] {
  const fields: Readonly<Record<string, unknown>> = { ...range };
  return RANGE_KEYS.flatMap(([field, name]): [string, ConfigValue][] => {
    const value = fields[field];
    return typeof value === "number" || typeof value === "bigint" ? [[name, String(value)]] : [];
  });
}

function terminationEntries(
  rule: NonNullable<NonNullable<Sweep["spec"]>["earlyTermination"]>["rule"] | undefined,
): ConfigEntry[] {
  if (rule?.case === "pruner") return algorithm("Early termination", "", rule.value);
  if (rule?.case !== "hyperband") return [];
  const { minIter, eta, strict, maxIter, s } = rule.value;
  const own = (name: string, value: string) => entry("Early termination", "", name, value);
  return [
    own("name", "hyperband"),
    ...(minIter > 0n ? [own("min_iter", String(minIter))] : []),
    own("eta", String(eta || 3)),
    own("strict", String(strict ?? true)),
    ...(maxIter > 0n ? [own("max_iter", String(maxIter))] : []),
    ...(s > 0 ? [own("s", String(s))] : []),
  ];
}

/** Returns a value as text; a string that reads as another type is quoted. */
function valueText(value: ParameterValue): string {
  const text = parameterText(value);
  if (value.kind.case === "doubleValue" && /^-?\d+$/.test(text)) return `${text}.0`;
  if (value.kind.case !== "stringValue") return text;
  try {
    JSON.parse(text);
    return JSON.stringify(text);
  } catch {
    return text;
  }
}

/** Returns the name of an enum's value in lower case. */
function nameOf(names: Readonly<Record<number, string>>, value: number): string {
  return (names[value] ?? String(value)).toLowerCase();
}
