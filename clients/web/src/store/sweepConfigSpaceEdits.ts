import { isMap, isScalar, isSeq, type Node, Pair } from "yaml";
import { renameInConstraint } from "./constraintNames";
import { DISTRIBUTION_KEYS, DISTRIBUTIONS, STARTS } from "./sweepConfigDistributions";
import { pairAt, place } from "./sweepConfigEdits";
import { change, flow, has, nodeAt, type Path, setNode, valueNode } from "./sweepConfigText";

/* Edits of the search space: parameters, conditions and constraints. */

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

/**
 * Returns the text with another name for a parameter or a group, also in the conditions and the
 * constraints that name it.
 */
export function renameParameter(text: string, path: Path, name: string): string {
  return change(text, (document) => {
    const map = nodeAt(document, path.slice(0, -1));
    if (!isMap(map) || name === "" || map.has(name)) return;
    const key = pairAt(map, path)?.key;
    if (!isScalar(key)) return;
    const before = fullName(path);
    const after = fullName([...path.slice(0, -1), name]);
    const parameters = nodesOf(nodeAt(document, ["parameters"]), "");
    const names = new Set(parameters.keys());
    for (const [each, node] of parameters) {
      const when = isMap(node) ? node.get("when", true) : undefined;
      if (!isMap(when)) continue;
      const scope = each.slice(0, each.lastIndexOf("/") + 1);
      for (const pair of when.items) {
        if (!isScalar(pair.key)) continue;
        const given = String(pair.key.value);
        const found = resolve(given, scope, names);
        if (found === undefined || (found !== before && !found.startsWith(`${before}/`))) continue;
        // The part of the name that was written is replaced by as many parts.
        const parts = given.replace(/^\//, "").split("/").length;
        const renamed = (after + found.slice(before.length)).split("/").slice(-parts).join("/");
        pair.key.value = given.startsWith("/") ? `/${renamed}` : renamed;
      }
    }
    key.value = name;
    const constraints = nodeAt(document, ["constraints"]);
    for (const constraint of isSeq(constraints) ? constraints.items : []) {
      if (!isScalar(constraint) || typeof constraint.value !== "string") continue;
      constraint.value = renameInConstraint(constraint.value, before, after);
    }
  });
}

/** Returns the full name of what a path leads to: `optimizer/lr`. */
function fullName(path: Path): string {
  return path.filter((_, index) => index % 2 === 1).join("/");
}

/** Returns all parameters and groups by their full names. */
function nodesOf(map: unknown, scope: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (!isMap(map)) return found;
  for (const { key, value } of map.items) {
    if (!isScalar(key)) continue;
    const name = `${scope}${String(key.value)}`;
    found.set(name, value);
    const inner = isMap(value) ? value.get("parameters", true) : undefined;
    for (const [each, node] of nodesOf(inner, `${name}/`)) found.set(each, node);
  }
  return found;
}

/** Returns the full name that a name in a condition means, as the server looks it up. */
function resolve(given: string, scope: string, names: ReadonlySet<string>): string | undefined {
  if (given.startsWith("/")) return names.has(given.slice(1)) ? given.slice(1) : undefined;
  if (given.includes("/") && names.has(given)) return given;
  for (
    let around = scope;
    ;
    around = around.slice(0, around.lastIndexOf("/", around.length - 2) + 1)
  ) {
    if (names.has(around + given)) return around + given;
    if (around === "") return undefined;
  }
}
