import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  YAMLSeq,
} from "yaml";

/*
 * The text is the config; a form shows parts of it and changes them in place. So whatever the form
 * does not know, comments among it, stays as it was written.
 */

/** The keys from the top of the config to a value. */
export type Path = readonly (string | number)[];

/** A metric as a form shows it: each value as its text in the config. */
export interface MetricForm {
  readonly path: Path;
  readonly name: string;
  readonly goal: string;
  readonly target: string;
  readonly value: string;
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
  /** The condition as YAML; empty if there is none. */
  readonly when: string;
}

/** What a form shows of a config. */
export interface SweepForm {
  readonly name: string;
  readonly project: string;
  readonly description: string;
  readonly method: string;
  readonly sampler: string;
  readonly metrics: readonly MetricForm[];
  readonly parameters: readonly ParameterForm[];
  /** How runs are stopped early: not at all, by Hyperband, by a pruner's name, or otherwise. */
  readonly stopping: "" | "hyperband" | "pruner" | "other";
  readonly pruner: string;
  readonly runCap: string;
}

/** The keys of each distribution, in the order of a form. */
export const DISTRIBUTIONS: Readonly<Record<string, readonly string[]>> = {
  constant: ["value"],
  categorical: ["values"],
  categorical_w_probabilities: ["values", "probabilities"],
  int_uniform: ["min", "max", "q"],
  uniform: ["min", "max", "q"],
  q_uniform: ["min", "max", "q"],
  log_uniform: ["min", "max", "q"],
  log_uniform_values: ["min", "max", "q"],
  inv_log_uniform_values: ["min", "max", "q"],
  q_log_uniform_values: ["min", "max", "q"],
  normal: ["mu", "sigma", "q"],
  q_normal: ["mu", "sigma", "q"],
  log_normal: ["mu", "sigma", "q"],
  q_log_normal: ["mu", "sigma", "q"],
  beta: ["a", "b", "q"],
  q_beta: ["a", "b", "q"],
};

const FIELDS = new Set(Object.values(DISTRIBUTIONS).flat());
const LISTS = new Set(["values", "probabilities"]);

/** A config to start from. */
export const BLANK = `method: bayes
metric: {name: loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform, min: 0.0001, max: 0.1}
  batch_size: {values: [16, 32, 64]}
run_cap: 50
program: train.py
`;

/** Reads what a form shows; undefined if the text is no YAML object. */
export function readForm(text: string): SweepForm | undefined {
  const config = parse(text);
  if (config === undefined) return undefined;
  const at = (...path: Path) => textAt(config, path);
  const pruner = at("pruner", "name");
  return {
    name: at("name"),
    project: at("project"),
    description: at("description"),
    method: at("method"),
    sampler: at("sampler", "name"),
    metrics: readMetrics(config),
    parameters: readParameters(config, ["parameters"], []),
    stopping: stoppingOf(config, pruner),
    pruner,
    runCap: at("run_cap"),
  };
}

function stoppingOf(config: Document, pruner: string): SweepForm["stopping"] {
  if (has(config, ["pruner"])) return pruner === "" ? "other" : "pruner";
  if (!has(config, ["early_terminate"])) return "";
  return textAt(config, ["early_terminate", "type"]) === "hyperband" ? "hyperband" : "other";
}

function readMetrics(config: Document): MetricForm[] {
  const list = nodeAt(config, ["metrics"]);
  const paths: Path[] = isSeq(list) ? list.items.map((_, index) => ["metrics", index]) : [];
  if (isMap(nodeAt(config, ["metric"]))) paths.unshift(["metric"]);
  return paths.map((path) => ({
    path,
    name: textAt(config, [...path, "name"]),
    goal: textAt(config, [...path, "goal"]),
    target: textAt(config, [...path, "target"]),
    value: textAt(config, [...path, "value"]),
  }));
}

function readParameters(config: Document, path: Path, groups: readonly string[]): ParameterForm[] {
  const map = nodeAt(config, path);
  if (!isMap(map)) return [];
  return map.items.flatMap((pair) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : "";
    // A merged object has no text of its own here.
    if (name === "" || name === "<<") return [];
    const place = [...path, name];
    const node = nodeAt(config, place);
    const isGroup = isMap(nodeAt(config, [...place, "parameters"]));
    const when = nodeAt(config, [...place, "when"]);
    const fields = isMap(node) ? fieldsOf(config, place) : {};
    const isEditable = isMap(node) && !node.has("<<") && !isAlias(config.getIn(place, true));
    const parameter = {
      path: place,
      name,
      groups,
      distribution: isGroup ? "group" : isEditable ? distributionOf(config, place, fields) : "",
      fields: isGroup ? {} : fields,
      when: when === undefined ? "" : written(config, when),
    };
    const inner = isGroup
      ? readParameters(config, [...place, "parameters"], [...groups, name])
      : [];
    return [parameter, ...inner];
  });
}

function fieldsOf(config: Document, path: Path): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of FIELDS) {
    if (!has(config, [...path, name])) continue;
    const node = nodeAt(config, [...path, name]);
    fields[name] = LISTS.has(name) && isSeq(node) ? listText(config, node) : written(config, node);
  }
  return fields;
}

function distributionOf(config: Document, path: Path, fields: Record<string, string>): string {
  const given = textAt(config, [...path, "distribution"]);
  if (given !== "") return Object.hasOwn(DISTRIBUTIONS, given) ? given : "";
  if ("value" in fields) return "constant";
  if ("values" in fields) {
    return "probabilities" in fields ? "categorical_w_probabilities" : "categorical";
  }
  if ("mu" in fields || "sigma" in fields) return "normal";
  const numbers = [fields.min, fields.max, fields.q].filter((text) => text !== undefined);
  if (numbers.length === 0) return "";
  return numbers.every((text) => /^[-+]?\d+$/.test(text)) ? "int_uniform" : "uniform";
}

/**
 * Returns the text with a value in place of another one, or added; undefined if `value` is no YAML
 * value. An empty value removes the key.
 */
export function setValue(text: string, path: Path, value: string): string | undefined {
  if (value.trim() === "") return removeAt(text, path);
  const isList = LISTS.has(String(path.at(-1)));
  const node = valueNode(isList ? `[${value}]` : value);
  if (node === undefined || (isList && !isSeq(node))) return undefined;
  return change(text, (config) => setNode(config, path, node));
}

/** Returns the text with a string in place of a value; an empty one removes the key. */
export function setText(text: string, path: Path, value: string): string {
  if (value === "") return removeAt(text, path);
  return change(text, (config) => setNode(config, path, config.createNode(value)));
}

/** Returns the text without a value; nothing else changes. */
export function removeAt(text: string, path: Path): string {
  return change(text, (config) => {
    if (has(config, path)) config.deleteIn(path);
  });
}

/** Returns the text with another name for a key, at the same place and with the same value. */
export function rename(text: string, path: Path, name: string): string {
  return change(text, (config) => {
    const map = nodeAt(config, path.slice(0, -1));
    if (!isMap(map) || name === "" || map.has(name)) return;
    const pair = map.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
    if (pair !== undefined && isScalar(pair.key)) pair.key.value = name;
  });
}

/** Returns the text with one more parameter, whose name is not taken yet. */
export function addParameter(text: string, group: Path = ["parameters"]): string {
  return change(text, (config) => {
    let number = 1;
    while (has(config, [...group, `parameter_${number}`])) number += 1;
    setNode(config, [...group, `parameter_${number}`], flow(config, { min: 0, max: 10 }));
  });
}

// What a new distribution starts with where the old one has no such key.
const STARTS: Readonly<Record<string, string>> = {
  value: "1",
  values: "[1, 2]",
  probabilities: "[0.5, 0.5]",
  min: "1",
  max: "10",
  mu: "0.0",
  sigma: "1.0",
  a: "2.0",
  b: "2.0",
};

/** Returns the text with another distribution for a parameter; keys that both know are kept. */
export function setDistribution(text: string, path: Path, distribution: string): string {
  const keys = DISTRIBUTIONS[distribution] ?? [];
  return change(text, (config) => {
    for (const name of FIELDS) {
      if (!keys.includes(name) && has(config, [...path, name])) config.deleteIn([...path, name]);
    }
    const isClear = distribution === "constant" || distribution.startsWith("categorical");
    if (!isClear) setNode(config, [...path, "distribution"], config.createNode(distribution));
    else if (has(config, [...path, "distribution"])) config.deleteIn([...path, "distribution"]);
    for (const name of keys) {
      const start = valueNode(STARTS[name] ?? "");
      const isMissing = !has(config, [...path, name]);
      if (isMissing && name !== "q" && start !== undefined) {
        setNode(config, [...path, name], start);
      }
    }
  });
}

/** Returns the text with one more metric; the first two make a list. */
export function addMetric(text: string): string {
  return change(text, (config) => {
    const first = nodeAt(config, ["metric"]);
    const list = nodeAt(config, ["metrics"]);
    if (first === undefined && list === undefined) {
      setNode(config, ["metric"], flow(config, { name: "loss", goal: "minimize" }));
      return;
    }
    const added = flow(config, { name: "metric_2", goal: "minimize" });
    if (isSeq(list)) {
      list.items.push(added);
      return;
    }
    const pair = isMap(config.contents)
      ? config.contents.items.find(({ key }) => isScalar(key) && key.value === "metric")
      : undefined;
    if (pair === undefined || !isScalar(pair.key) || list !== undefined) return;
    const both = new YAMLSeq<unknown>();
    both.items.push(first, added);
    pair.key.value = "metrics";
    pair.value = both;
  });
}

/** How a form lets the user stop runs early; a pruner by its name. */
export function setStopping(text: string, stopping: string): string {
  return change(text, (config) => {
    const isHyperband = stopping === "hyperband-wandb";
    for (const key of ["early_terminate", "pruner"]) {
      if (has(config, [key])) config.deleteIn([key]);
    }
    if (stopping === "") return;
    if (isHyperband) {
      setNode(config, ["early_terminate"], flow(config, { type: "hyperband", min_iter: 3 }));
    } else {
      setNode(config, ["pruner"], flow(config, { name: stopping }));
    }
  });
}

/** Returns the text with another sampler, without the options of the one before. */
export function setSampler(text: string, name: string): string {
  return change(text, (config) => {
    if (textAt(config, ["sampler", "name"]) === name) return;
    if (has(config, ["sampler"])) config.deleteIn(["sampler"]);
    if (name !== "") setNode(config, ["sampler"], flow(config, { name }));
  });
}

/** Returns an option's value as the config has it; empty if it has none. */
export function optionText(text: string, path: Path): string {
  const config = parse(text);
  return config === undefined ? "" : textAt(config, path);
}

// Integers stay exact beyond 2^53, and a line that is long stays one line.
const READING = { intAsBigInt: true, version: "1.2" } as const;
const WRITING = { lineWidth: 0, flowCollectionPadding: false } as const;

function parse(text: string): Document | undefined {
  const config = parseDocument(text, READING);
  if (config.errors.length > 0) return undefined;
  return config.contents === null || isMap(config.contents) ? config : undefined;
}

/** A text that is no object is left alone: the form is off until it is one again. */
function change(text: string, edit: (config: Document) => void): string {
  const config = parse(text);
  if (config === undefined) return text;
  if (config.contents === null) config.contents = config.createNode({});
  edit(config);
  return config.toString(WRITING);
}

/** Parses a value that a user typed: a plain word, a number, a list or an object in one line. */
function valueNode(text: string): Node | undefined {
  const value = parseDocument(text, READING);
  const isWhole = value.errors.length === 0 && value.contents !== null;
  return isWhole ? (value.contents as Node) : undefined;
}

function flow(config: Document, value: Record<string, unknown>): Node {
  return config.createNode(value, { flow: true });
}

/** Sets a value, and makes the objects on the way; an empty or missing one becomes an object. */
function setNode(config: Document, path: Path, node: unknown): void {
  for (let length = 1; length < path.length; length += 1) {
    const around = path.slice(0, length);
    const present = nodeAt(config, around);
    if (!isMap(present) && !isSeq(present)) config.setIn(around, config.createNode({}));
  }
  const before = config.getIn(path, true);
  config.setIn(path, node);
  // A comment behind a value belongs to its line, not to the value.
  const isKept = isScalar(before) && isScalar(node) && before.comment;
  if (isKept) node.comment = before.comment;
}

function nodeAt(config: Document, path: Path): Node | undefined {
  let node: unknown = config.contents;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(config);
    if (!isMap(node) && !isSeq(node)) return undefined;
    node = node.get(key, true);
  }
  if (isAlias(node)) node = node.resolve(config);
  return isScalar(node) || isMap(node) || isSeq(node) ? node : undefined;
}

function has(config: Document, path: Path): boolean {
  return nodeAt(config, path) !== undefined;
}

function textAt(config: Document, path: Path): string {
  const node = nodeAt(config, path);
  if (!isScalar(node)) return "";
  if (node.value === null) return "";
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

/** Returns a value as one line of YAML, so that the text "1" and the number 1 differ. */
function written(config: Document, node: Node | undefined): string {
  if (node === undefined) return "";
  if (isScalar(node) && typeof node.value !== "string" && node.source !== undefined) {
    return node.source;
  }
  const line = config.createNode([node.clone()], { flow: true });
  const text = asFlow(line).slice(1, -1);
  return text.trim();
}

function listText(config: Document, node: Node): string {
  const list = node.clone();
  if (isSeq(list)) list.flow = true;
  return isSeq(list) ? asFlow(list).slice(1, -1).trim() : written(config, node);
}

function asFlow(node: Node): string {
  const holder = parseDocument("", READING);
  for (const each of nodesOf(node)) {
    if (isMap(each) || isSeq(each)) each.flow = true;
    each.comment = null;
    each.commentBefore = null;
    if (isScalar(each)) delete each.source;
  }
  holder.contents = node as typeof holder.contents;
  return holder
    .toString({ ...WRITING, lineWidth: 0 })
    .trim()
    .replace(/\n\s*/g, " ");
}

function* nodesOf(node: unknown): Iterable<Node> {
  if (isScalar(node)) yield node;
  if (isSeq(node)) {
    yield node;
    for (const each of node.items) yield* nodesOf(each);
  }
  if (isMap(node)) {
    yield node;
    for (const { key, value } of node.items) {
      yield* nodesOf(key);
      yield* nodesOf(value);
    }
  }
}
