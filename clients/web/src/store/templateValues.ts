import { isMap, isScalar, isSeq } from "yaml";
import type {
  Template,
  TemplatePlaceholder,
} from "../gen/wanllmdb/api/registry/v1/template_service_pb";
import { type ParameterKind, parameterText, parseParameter } from "./parameterText";
import { valueNode } from "./sweepConfigText";

/** Whether a template needs values that it has no defaults for. */
export function needsValues({ placeholders }: Template): boolean {
  return placeholders.some((placeholder) => placeholder.default === undefined);
}

/** Returns what a field of a placeholder shows while it is empty. */
export function exampleOf({ default: given, example }: TemplatePlaceholder): string {
  if (given !== undefined) return parameterText(given);
  return example === undefined ? "" : `for example ${parameterText(example)}`;
}

/**
 * Returns the values that a user typed for the placeholders of a template, and what is wrong with
 * them. A field that is empty has the default.
 */
export function valuesOf(
  { placeholders }: Template,
  typed: Readonly<Record<string, string>>,
): { values: Record<string, { kind: ParameterKind }>; problems: Record<string, string> } {
  const values: Record<string, { kind: ParameterKind }> = {};
  const problems: Record<string, string> = {};
  for (const placeholder of placeholders) {
    const { name } = placeholder;
    const text = typed[name] ?? "";
    if (text.trim() === "") {
      if (placeholder.default === undefined) problems[name] = "A value is required.";
      continue;
    }
    const pattern = placeholder.default ?? placeholder.example;
    const kind = pattern === undefined ? plainValue(text) : parseParameter(text, pattern);
    if (kind === undefined) problems[name] = "This is not a value of the right type.";
    else values[name] = { kind };
  }
  return { values, problems };
}

/** Returns what a text is in YAML, where no other value of the placeholder gives its type. */
function plainValue(text: string): ParameterKind | undefined {
  const node = valueNode(text);
  if (node === undefined) return undefined;
  if (!isScalar(node)) return { case: "jsonValue", value: jsonOf(node) };
  switch (typeof node.value) {
    case "bigint":
      return { case: "intValue", value: node.value };
    case "number":
      return { case: "doubleValue", value: node.value };
    case "boolean":
      return { case: "boolValue", value: node.value };
    default:
      return { case: "stringValue", value: text.trim() };
  }
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Returns a value as JSON, with the digits of its numbers as they are written. */
function jsonOf(node: unknown): string {
  if (isSeq(node)) return `[${node.items.map(jsonOf).join(", ")}]`;
  if (isMap(node)) {
    const members = node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : "";
      return `${JSON.stringify(name)}: ${jsonOf(value)}`;
    });
    return `{${members.join(", ")}}`;
  }
  if (!isScalar(node)) return "null";
  const { value, source = "" } = node;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && JSON_NUMBER.test(source)) return source;
  return JSON.stringify(value);
}
