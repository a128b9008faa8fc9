import type { ParameterValue } from "../gen/wanllmdb/api/registry/v1/search_space_pb";

type Parameters = Readonly<Record<string, ParameterValue>>;

/** Returns parameters by name, as the entries are listed everywhere. */
export function sortedParameters(parameters: Parameters): [string, ParameterValue][] {
  return Object.entries(parameters).sort(([one], [other]) => one.localeCompare(other, "en"));
}

/** Returns parameters as a JSON object, with all digits. */
export function parametersJson(parameters: Parameters): string {
  const lines = sortedParameters(parameters).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${jsonOf(value)}`,
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n}`;
}

/** Returns parameters as arguments of a command, as an agent passes them to a program. */
export function parametersArguments(parameters: Parameters): string {
  return sortedParameters(parameters)
    .map(([name, value]) => quoted(`--${name}=${textOf(value)}`))
    .join(" ");
}

function textOf(value: ParameterValue): string {
  const { kind } = value;
  return kind.case === "stringValue" ? kind.value : jsonOf(value);
}

function jsonOf({ kind }: ParameterValue): string {
  switch (kind.case) {
    case undefined:
    case "nullValue":
      return "null";
    // JSON has no limit for integers, and a number of JavaScript has.
    case "intValue":
      return String(kind.value);
    case "jsonValue":
      return kind.value;
    case "doubleValue":
      return Number.isFinite(kind.value) ? JSON.stringify(kind.value) : `"${kind.value}"`;
    default:
      return JSON.stringify(kind.value);
  }
}

/** Returns a word that a POSIX shell reads as this text. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
