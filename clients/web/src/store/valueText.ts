import type { MessageInitShape } from "@bufbuild/protobuf";
import { NullValue } from "@bufbuild/protobuf/wkt";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import type {
  ParameterValue,
  ParameterValueSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb";

type ValueInit = MessageInitShape<typeof ParameterValueSchema>;

const LARGEST = 2n ** 63n - 1n;
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;

/** Returns a value as a config has it in a list, so that parseValues returns it with its type. */
export function valueText({ kind }: ParameterValue): string {
  switch (kind.case) {
    case undefined:
      return "";
    case "nullValue":
      return "null";
    case "doubleValue":
      return doubleText(kind.value);
    case "stringValue":
      return stringText(kind.value);
    default:
      return String(kind.value);
  }
}

/** Returns values as the inside of a list: `16, 32, "a b"`. */
export function valuesText(values: readonly ParameterValue[]): string {
  return values.map(valueText).join(", ");
}

function doubleText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  // "1" would be an integer.
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function stringText(value: string): string {
  const isPlain = PLAIN.test(value) && typeof parseDocument(value).toJS() === "string";
  return isPlain ? value : JSON.stringify(value);
}

/** Returns the values in the inside of a list; undefined if it is none. */
export function parseValues(text: string): ValueInit[] | undefined {
  const source = `[${text}\n]`;
  const list = parseDocument(source, { intAsBigInt: true, version: "1.2" });
  if (list.errors.length > 0 || !isSeq(list.contents)) return undefined;
  const values = list.contents.items.map((item) => {
    if (isScalar(item)) return scalar(item.value);
    if ((isMap(item) || isSeq(item)) && item.range) {
      return json(source.slice(item.range[0], item.range[1]));
    }
    return undefined;
  });
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** Returns the one value that a text means; undefined if it means none, or several. */
export function parseValue(text: string): ValueInit | undefined {
  const values = parseValues(text);
  return values?.length === 1 ? values[0] : undefined;
}

function scalar(value: unknown): ValueInit | undefined {
  if (value === null) return { kind: { case: "nullValue", value: NullValue.NULL_VALUE } };
  switch (typeof value) {
    case "bigint":
      if (value > LARGEST || value < -LARGEST - 1n) return undefined;
      return { kind: { case: "intValue", value } };
    case "number":
      return Number.isFinite(value) ? { kind: { case: "doubleValue", value } } : undefined;
    case "string":
      return { kind: { case: "stringValue", value } };
    case "boolean":
      return { kind: { case: "boolValue", value } };
    default:
      return undefined;
  }
}

/** Keeps JSON as it is written; what is YAML only is written as JSON. */
function json(source: string): ValueInit | undefined {
  try {
    JSON.parse(source);
    return { kind: { case: "jsonValue", value: source } };
  } catch {
    const value = JSON.stringify(parseDocument(source).toJS());
    return value === undefined ? undefined : { kind: { case: "jsonValue", value } };
  }
}
