import type { ParameterValue } from "../gen/wanllmdb/api/registry/v1/search_space_pb";

/** A parameter's value as a request has it. */
export type ParameterKind = Exclude<ParameterValue["kind"], { case: undefined }>;

/**
 * Returns the value that a text means, of the type of an example; undefined if it means none.
 * Whether the search space has the value is for the server to say.
 */
export function parseParameter(text: string, example: ParameterValue): ParameterKind | undefined {
  const trimmed = text.trim();
  const { kind } = example;
  switch (kind.case) {
    case "stringValue":
      return { case: "stringValue", value: text };
    case "jsonValue":
      return isJson(trimmed) ? { case: "jsonValue", value: trimmed } : undefined;
    case "boolValue":
      if (trimmed !== "true" && trimmed !== "false") return undefined;
      return { case: "boolValue", value: trimmed === "true" };
    case "intValue":
      if (/^[-+]?\d+$/.test(trimmed)) return { case: "intValue", value: BigInt(trimmed) };
      return number(trimmed);
    case "doubleValue":
      return number(trimmed);
    case "nullValue":
      return trimmed === "null" ? kind : number(trimmed);
    case undefined:
      return undefined;
  }
}

/** Returns a value so that parseParameter returns it again: with all digits. */
export function parameterText({ kind }: ParameterValue): string {
  if (kind.case === undefined) return "";
  return kind.case === "nullValue" ? "null" : String(kind.value);
}

function number(text: string): ParameterKind | undefined {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) return undefined;
  return { case: "doubleValue", value };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
