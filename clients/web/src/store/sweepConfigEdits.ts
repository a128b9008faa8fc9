import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  Pair,
  Scalar,
  type YAMLMap,
  YAMLSeq,
} from "yaml";
import { DISTRIBUTION_KEYS, DISTRIBUTIONS, LIST_KEYS, STARTS } from "./sweepConfigDistributions";
import {
  change,
  flow,
  has,
  nodeAt,
  type Path,
  plainText,
  setNode,
  splice,
  valueNode,
} from "./sweepConfigText";

/**
 * Returns the text with a value in place of another one, or added; undefined if `value` is no YAML
 * value. An empty value removes the key.
 */
export function setValue(text: string, path: Path, value: string): string | undefined {
  if (value.trim() === "") return removeAt(text, path);
  const isList = LIST_KEYS.has(String(path.at(-1)));
  const node = valueNode(isList ? `[${value}]` : value);
  if (node === undefined || (isList && !isSeq(node))) return undefined;
  return place(text, path, node);
}

/** Returns the text with a string in place of a value; an empty one removes the key. */
export function setText(text: string, path: Path, value: string): string {
  if (value === "") return removeAt(text, path);
  return place(text, path, new Scalar(value));
}

function place(text: string, path: Path, node: Node): string {
  const spliced = splice(text, path, node.clone() as Node);
  if (spliced !== undefined) return spliced;
  return change(text, (document) => {
    const before = nodeAt(document, path);
    if (isSeq(before) && isSeq(node)) takeOver(before, node);
    setNode(document, path, node);
  });
}

/** Gives a list the form of the one that it replaces, and the comments of the items in both. */
function takeOver(before: YAMLSeq, list: YAMLSeq): void {
  list.flow = before.flow ?? false;
  list.commentBefore = before.commentBefore;
  list.comment = before.comment;
  const old = before.items.filter(isScalar);
  list.items = list.items.map((item) => {
    if (!isScalar(item)) return item;
    const same = old.findIndex((each) => each.source === item.source && each.value === item.value);
    return same < 0 ? item : old.splice(same, 1)[0];
  });
}

/** Returns the text without a value; nothing else changes. */
export function removeAt(text: string, path: Path): string {
  return change(text, (document) => {
    if (has(document, path)) document.deleteIn(path);
  });
}

/** Returns the text with another name for a key, at the same place and with the same value. */
export function rename(text: string, path: Path, name: string): string {
  return change(text, (document) => {
    const map = nodeAt(document, path.slice(0, -1));
    if (!isMap(map) || name === "" || map.has(name)) return;
    const key = pairAt(map, path)?.key;
    if (isScalar(key)) key.value = name;
  });
}

function pairAt(map: YAMLMap, path: Path): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
}

/** Returns the text with one more parameter, whose name is not taken yet. */
export function addParameter(text: string, group: Path = ["parameters"]): string {
  return change(text, (document) => {
    let number = 1;
    while (has(document, [...group, `parameter_${number}`])) number += 1;
    setNode(document, [...group, `parameter_${number}`], flow(document, { min: 0, max: 10 }));
  });
}

/** Returns the text with one more group, which has one parameter. */
export function addGroup(text: string, group: Path = ["parameters"]): string {
  return change(text, (document) => {
    let number = 1;
    while (has(document, [...group, `group_${number}`])) number += 1;
    const inner = [...group, `group_${number}`, "parameters", "parameter_1"];
    setNode(document, inner, flow(document, { min: 0, max: 10 }));
  });
}

/** Returns the text with a copy of a parameter or a group after it, under a name of its own. */
export function duplicate(text: string, path: Path): string {
  return change(text, (document) => {
    const map = nodeAt(document, path.slice(0, -1));
    if (!isMap(map)) return;
    const pair = pairAt(map, path);
    if (pair === undefined) return;
    const stem = String(path.at(-1)).replace(/_\d+$/, "");
    let number = 2;
    while (map.has(`${stem}_${number}`)) number += 1;
    const value = pair.value as Node | null;
    const copy = new Pair(document.createNode(`${stem}_${number}`), value?.clone() ?? null);
    map.items.splice(map.items.indexOf(pair) + 1, 0, copy as never);
  });
}

/** Returns the text with a parameter moved up or down within its group. */
export function move(text: string, path: Path, by: -1 | 1): string {
  return change(text, (document) => {
    const map = nodeAt(document, path.slice(0, -1));
    if (!isMap(map)) return;
    const pair = pairAt(map, path);
    if (pair === undefined) return;
    const index = map.items.indexOf(pair);
    const to = index + by;
    if (to < 0 || to >= map.items.length) return;
    map.items.splice(index, 1);
    map.items.splice(to, 0, pair);
  });
}

/** Returns the text with another distribution for a parameter; keys that both know are kept. */
export function setDistribution(text: string, path: Path, distribution: string): string {
  const keys = DISTRIBUTIONS[distribution] ?? [];
  return change(text, (document) => {
    const before = nodeAt(document, [...path, "values"]);
    const count = isSeq(before) ? before.items.length : 2;
    for (const name of DISTRIBUTION_KEYS) {
      if (!keys.includes(name) && has(document, [...path, name])) {
        document.deleteIn([...path, name]);
      }
    }
    const isClear = distribution === "constant" || distribution.startsWith("categorical");
    if (!isClear) setNode(document, [...path, "distribution"], document.createNode(distribution));
    else if (has(document, [...path, "distribution"])) {
      document.deleteIn([...path, "distribution"]);
    }
    for (const name of keys) {
      if (name === "q" || has(document, [...path, name])) continue;
      const start = name === "probabilities" ? evenly(count) : (STARTS[name] ?? "");
      const node = valueNode(start);
      if (node !== undefined) setNode(document, [...path, name], node);
    }
  });
}

/** Returns equal probabilities whose sum is 1. */
function evenly(count: number): string {
  const share = Math.round(1e6 / Math.max(count, 1)) / 1e6;
  const rest = Math.round((1 - share * (count - 1)) * 1e6) / 1e6;
  return `[${[...Array(Math.max(count - 1, 0)).fill(share), rest].join(", ")}]`;
}

/**
 * Returns the text with the values under which a parameter is present; undefined if `values` is no
 * list in YAML. Without values, the condition goes.
 */
export function setCondition(
  text: string,
  path: Path,
  name: string,
  values: string,
): string | undefined {
  if (values.trim() === "") return removeCondition(text, path, name);
  const list = valueNode(`[${values}]`);
  if (!isSeq(list)) return undefined;
  const [first] = list.items;
  const node = list.items.length === 1 && isScalar(first) ? first : list;
  return place(text, [...path, "when", name], node);
}

/** Returns the text without a condition of a parameter, and without `when` after the last one. */
export function removeCondition(text: string, path: Path, name: string): string {
  return change(text, (document) => {
    const when = nodeAt(document, [...path, "when"]);
    if (!isMap(when)) return;
    when.delete(name);
    if (when.items.length === 0) document.deleteIn([...path, "when"]);
  });
}

/** Returns the text with another condition of a parameter. */
export function addCondition(text: string, path: Path, name: string, value: string): string {
  return change(text, (document) => {
    const node = valueNode(value);
    if (node === undefined) return;
    if (!isMap(nodeAt(document, [...path, "when"]))) {
      setNode(document, [...path, "when"], flow(document, {}));
    }
    setNode(document, [...path, "when", name], node);
  });
}

/** Returns the text with a constraint in place of another one, or added at the end. */
export function setConstraint(text: string, index: number, expression: string): string {
  return change(text, (document) => {
    const list = nodeAt(document, ["constraints"]);
    if (!isSeq(list)) {
      setNode(document, ["constraints"], document.createNode([expression]));
      return;
    }
    const node = document.createNode(expression);
    const before = list.items[index];
    if (isScalar(before)) node.comment = before.comment;
    list.items[Math.min(index, list.items.length)] = node;
  });
}

/** Returns the text without a constraint, and without the list after the last one. */
export function removeConstraint(text: string, index: number): string {
  return change(text, (document) => {
    const list = nodeAt(document, ["constraints"]);
    if (!isSeq(list)) return;
    list.items.splice(index, 1);
    if (list.items.length === 0) document.deleteIn(["constraints"]);
  });
}

/** Returns the text with one more metric; the first two make a list. */
export function addMetric(text: string): string {
  return change(text, (document) => {
    const first = nodeAt(document, ["metric"]);
    const list = nodeAt(document, ["metrics"]);
    if (!isMap(first) && !isSeq(list)) {
      setNode(document, ["metric"], flow(document, { name: "loss", goal: "minimize" }));
      return;
    }
    if (isSeq(list)) {
      list.items.push(flow(document, { name: freeName(list), goal: "minimize" }));
      return;
    }
    const pair = isMap(document.contents) ? pairAt(document.contents, ["metric"]) : undefined;
    if (pair === undefined || !isScalar(pair.key)) return;
    const both = new YAMLSeq<unknown>();
    both.items.push(first, flow(document, { name: "metric_2", goal: "minimize" }));
    pair.key.value = "metrics";
    pair.value = both;
  });
}

function freeName(list: YAMLSeq): string {
  const names = new Set(
    list.items.map((item) => (isMap(item) ? plainText(item.get("name", true)) : "")),
  );
  let number = list.items.length + 1;
  while (names.has(`metric_${number}`)) number += 1;
  return `metric_${number}`;
}

/** Returns the text without a metric; a list without the last one goes, too. */
export function removeMetric(text: string, path: Path): string {
  return change(text, (document) => {
    document.deleteIn(path);
    const list = nodeAt(document, ["metrics"]);
    if (isSeq(list) && list.items.length === 0) document.deleteIn(["metrics"]);
  });
}

/** Returns the text with another rule of early termination: Hyperband, or a pruner by its name. */
export function setStopping(text: string, stopping: string): string {
  return change(text, (document) => {
    for (const key of ["early_terminate", "pruner"]) drop(document, key);
    if (stopping === "hyperband-wandb") {
      const rule = flow(document, { type: "hyperband", min_iter: 3 });
      setNode(document, ["early_terminate"], rule);
    } else if (stopping !== "") {
      setNode(document, ["pruner"], flow(document, { name: stopping }));
    }
  });
}

/** Returns the text with another sampler or terminator, without the options of the one before. */
export function setAlgorithm(text: string, key: string, name: string): string {
  return change(text, (document) => {
    if (plainText(nodeAt(document, [key, "name"])) === name) return;
    drop(document, key);
    if (name !== "") setNode(document, [key], flow(document, { name }));
  });
}

/** Returns the text with an option of an algorithm; the last one that goes takes `options` along. */
export function setOption(
  text: string,
  key: string,
  option: string,
  value: string,
): string | undefined {
  if (value.trim() !== "") {
    const node = valueNode(value);
    if (node === undefined) return undefined;
    const spliced = splice(text, [key, "options", option], node.clone() as Node);
    if (spliced !== undefined) return spliced;
    return change(text, (document) => {
      if (!isMap(nodeAt(document, [key, "options"]))) {
        setNode(document, [key, "options"], flow(document, {}));
      }
      setNode(document, [key, "options", option], node);
    });
  }
  return change(text, (document) => {
    const options = nodeAt(document, [key, "options"]);
    if (!isMap(options)) return;
    options.delete(option);
    if (options.items.length === 0) document.deleteIn([key, "options"]);
  });
}

function drop(document: Document, key: string): void {
  if (has(document, [key])) document.deleteIn([key]);
}
