import { isScalar } from "yaml";
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
  if (!isScalar(node)) return { case: "jsonValue", value: jsonOf(node.toJSON()) };
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

/** Returns JSON with all digits of long integers. */
function jsonOf(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value);
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}: ${jsonOf(inner)}`).join(", ")}}`;
}
