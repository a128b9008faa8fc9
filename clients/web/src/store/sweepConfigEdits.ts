import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  type YAMLMap,
  YAMLSeq,
} from "yaml";
import { LIST_KEYS } from "./sweepConfigDistributions";
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

/** Returns the text with a node at a path, within its line where that is possible. */
export function place(text: string, path: Path, node: Node): string {
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

/** Returns the entry of an object at the end of a path. */
export function pairAt(map: YAMLMap, path: Path): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
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
