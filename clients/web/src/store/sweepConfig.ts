import { type Document, isAlias, isMap, isScalar, isSeq, type Node, visit } from "yaml";
import { DISTRIBUTION_KEYS, DISTRIBUTIONS, LIST_KEYS } from "./sweepConfigDistributions";
import {
  type ConfigNodes,
  listText,
  nodeAt,
  type Path,
  plainText,
  readNodes,
  resolved,
  written,
} from "./sweepConfigText";

/*
 * The text is the config; a form shows parts of it and changes them in place. So whatever the form
 * does not know, comments among it, stays as it was written.
 */

/** A metric as a form shows it: each value as its text in the config. */
export interface MetricForm {
  readonly path: Path;
  readonly name: string;
  readonly goal: string;
  readonly target: string;
  readonly value: string;
}

/** A condition of a parameter: another parameter and the values that it must have. */
export interface ConditionForm {
  readonly name: string;
  /** The values as a list without brackets. */
  readonly values: string;
}

/** A parameter, or a group of them, as a form shows it. */
export interface ParameterForm {
  readonly path: Path;
  /** The name within its group. */
  readonly name: string;
  /** The names of the groups around it. */
  readonly groups: readonly string[];
  /** `group` for a group, and empty for what a form can't edit. */
  readonly distribution: string;
  /** The values of the distribution's keys, as texts; lists without their brackets. */
  readonly fields: Readonly<Record<string, string>>;
  /** The conditions; undefined if `when` is written in a way that a form can't edit. */
  readonly when: readonly ConditionForm[] | undefined;
  /** Keys that belong to no distribution, and that a form does not show. */
  readonly otherKeys: readonly string[];
}

/** An algorithm, with its options as texts. */
export interface AlgorithmForm {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What a form shows of a config. */
export interface SweepForm {
  /** The plain values at the top, by their keys. */
  readonly top: Readonly<Record<string, string>>;
  readonly metrics: readonly MetricForm[];
  readonly parameters: readonly ParameterForm[];
  readonly constraints: readonly string[];
  readonly sampler: AlgorithmForm;
  /** How runs are stopped early: not at all, by Hyperband, by a pruner, or otherwise. */
  readonly stopping: "" | "hyperband" | "pruner" | "other";
  readonly hyperband: Readonly<Record<string, string>>;
  readonly pruner: AlgorithmForm;
  readonly terminator: AlgorithmForm;
  readonly retries: Readonly<Record<string, string>>;
  /** Keys at the top that the form does not show. */
  readonly otherKeys: readonly string[];
}

/** A config to start from. */
export const BLANK = `method: bayes
metric: {name: loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform, min: 0.0001, max: 0.1}
  batch_size: {values: [16, 32, 64]}
run_cap: 50
program: train.py
`;

const TOP = new Set([
  ...["name", "project", "description", "method", "run_cap", "max_failed_runs", "seed", "program"],
]);
const SECTIONS = new Set([
  ...["metric", "metrics", "parameters", "constraints", "sampler", "early_terminate", "pruner"],
  ...["terminate", "retries"],
]);

/** Reads what a form shows; undefined if the text is no YAML object. */
export function readForm(text: string): SweepForm | undefined {
  const nodes = readNodes(text);
  if (nodes === undefined) return undefined;
  const { document } = nodes;
  const constraints = nodeAt(document, ["constraints"]);
  const keys = keysOf(nodeAt(document, []));
  return {
    top: pick(nodes, [], TOP),
    metrics: readMetrics(nodes),
    parameters: readGroup(nodes, ["parameters"], []),
    constraints: isSeq(constraints)
      ? constraints.items.map((item) => plainText(resolved(document, item)))
      : [],
    sampler: readAlgorithm(nodes, "sampler"),
    stopping: stoppingOf(document),
    hyperband: pick(nodes, ["early_terminate"]),
    pruner: readAlgorithm(nodes, "pruner"),
    terminator: readAlgorithm(nodes, "terminate"),
    retries: pick(nodes, ["retries"]),
    otherKeys: keys.filter((key) => !TOP.has(key) && !SECTIONS.has(key)),
  };
}

/** Returns the plain values of an object, as texts. */
function pick({ document }: ConfigNodes, path: Path, wanted?: ReadonlySet<string>) {
  const node = nodeAt(document, path);
  const values: Record<string, string> = {};
  for (const key of keysOf(node)) {
    if (wanted?.has(key) === false || !isMap(node)) continue;
    values[key] = plainText(resolved(document, node.get(key, true)));
  }
  return values;
}

function keysOf(node: Node | undefined): string[] {
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key }) =>
    isScalar(key) && typeof key.value === "string" ? [key.value] : [],
  );
}

function readAlgorithm(nodes: ConfigNodes, key: string): AlgorithmForm {
  const { document } = nodes;
  const options = nodeAt(document, [key, "options"]);
  const texts: Record<string, string> = {};
  for (const name of keysOf(options)) {
    if (isMap(options)) texts[name] = written(nodes, resolved(document, options.get(name, true)));
  }
  return { name: plainText(nodeAt(document, [key, "name"])), options: texts };
}

function stoppingOf(document: Document): SweepForm["stopping"] {
  if (isGiven(nodeAt(document, ["pruner"]))) {
    return plainText(nodeAt(document, ["pruner", "name"])) === "" ? "other" : "pruner";
  }
  if (!isGiven(nodeAt(document, ["early_terminate"]))) return "";
  const type = plainText(nodeAt(document, ["early_terminate", "type"]));
  return type === "hyperband" ? "hyperband" : "other";
}

// A null value counts as left out.
function isGiven(node: Node | undefined): boolean {
  return node !== undefined && !(isScalar(node) && node.value === null);
}

function readMetrics({ document }: ConfigNodes): MetricForm[] {
  const list = nodeAt(document, ["metrics"]);
  const paths: Path[] = isSeq(list) ? list.items.map((_, index) => ["metrics", index]) : [];
  if (isMap(nodeAt(document, ["metric"]))) paths.unshift(["metric"]);
  const at = (path: Path, key: string) => plainText(nodeAt(document, [...path, key]));
  return paths.map((path) => ({
    path,
    name: at(path, "name"),
    goal: at(path, "goal"),
    target: at(path, "target"),
    value: at(path, "value"),
  }));
}

function readGroup(nodes: ConfigNodes, path: Path, groups: readonly string[]): ParameterForm[] {
  const map = nodeAt(nodes.document, path);
  if (!isMap(map)) return [];
  return map.items.flatMap((pair) => {
    // A merged object has no text of its own here.
    if (!isScalar(pair.key) || typeof pair.key.value !== "string" || pair.key.value === "<<") {
      return [];
    }
    const name = pair.key.value;
    const place = [...path, name];
    const node = resolved(nodes.document, pair.value);
    const parameter = readParameter(nodes, node, isAlias(pair.value));
    const inner =
      parameter.distribution === "group"
        ? readGroup(nodes, [...place, "parameters"], [...groups, name])
        : [];
    return [{ path: place, name, groups, ...parameter }, ...inner];
  });
}

function readParameter(nodes: ConfigNodes, node: Node | undefined, isRepeated: boolean) {
  const none = { distribution: "", fields: {}, when: [], otherKeys: [] };
  if (!isMap(node) || isRepeated) return none;
  const keys = keysOf(node);
  const get = (key: string) => resolved(nodes.document, node.get(key, true));
  const when = readConditions(nodes, get("when"));
  if (isMap(get("parameters"))) {
    const otherKeys = keys.filter((key) => key !== "parameters" && key !== "when");
    return { distribution: "group", fields: {}, when, otherKeys };
  }
  const fields: Record<string, string> = {};
  for (const key of keys) {
    if (!DISTRIBUTION_KEYS.has(key)) continue;
    const value = get(key);
    fields[key] =
      LIST_KEYS.has(key) && isSeq(value) ? listText(nodes, value) : written(nodes, value);
  }
  const isEditable = !hasAlias(node) && !keys.includes("<<");
  const given = plainText(get("distribution"));
  const distribution = isEditable ? (given === "" ? inferred(fields) : known(given)) : "";
  const otherKeys = keys.filter(
    (key) => !DISTRIBUTION_KEYS.has(key) && key !== "distribution" && key !== "when",
  );
  return { distribution, fields, when, otherKeys };
}

function readConditions(
  nodes: ConfigNodes,
  node: Node | undefined,
): readonly ConditionForm[] | undefined {
  if (node === undefined) return [];
  if (!isMap(node) || hasAlias(node)) return isGiven(node) ? undefined : [];
  return keysOf(node).map((name) => {
    const value = resolved(nodes.document, node.get(name, true));
    return { name, values: isSeq(value) ? listText(nodes, value) : written(nodes, value) };
  });
}

function hasAlias(node: Node): boolean {
  let isFound = false;
  visit(node, {
    Alias() {
      isFound = true;
      return visit.BREAK;
    },
  });
  return isFound;
}

function known(distribution: string): string {
  const lowered = distribution.toLowerCase();
  return Object.hasOwn(DISTRIBUTIONS, lowered) ? lowered : "";
}

function inferred(fields: Readonly<Record<string, string>>): string {
  if ("value" in fields) return "constant";
  if ("values" in fields) {
    return "probabilities" in fields ? "categorical_w_probabilities" : "categorical";
  }
  if ("mu" in fields || "sigma" in fields) return "normal";
  const numbers = [fields.min, fields.max, fields.q].filter((text) => text !== undefined);
  if (fields.min === undefined && fields.max === undefined) return "";
  return numbers.every((text) => /^[-+]?\d+$/.test(text)) ? "int_uniform" : "uniform";
}
