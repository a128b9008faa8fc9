import { create } from "@bufbuild/protobuf";
import { NullValue } from "@bufbuild/protobuf/wkt";
import {
  type ParameterValue,
  ParameterValueSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb.js";
import { InvalidArgumentError } from "./errors.js";

/** A number that is sent as a float, although it may be whole; see {@link float}. */
export class Float {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  /** Returns the number. */
  valueOf(): number {
    return this.#value;
  }
}

/** What a parameter or a config may hold when it is written. */
export type InputValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float
  | readonly InputValue[]
  | { readonly [key: string]: InputValue };

/** What a parameter holds when it is read. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/**
 * Marks a number as a float. JavaScript can't tell 1.0 from 1: a whole number is an integer for
 * programs in other languages, unless it is marked.
 */
export function float(value: number): Float {
  return new Float(value);
}

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Returns the message of a value.
 *
 * @param path names the value in errors.
 * @throws InvalidArgumentError if the value can't be sent.
 */
export function toParameterValue(value: InputValue, path = "value"): ParameterValue {
  return create(ParameterValueSchema, { kind: kindOf(value, path) });
}

function kindOf(value: InputValue, path: string): ParameterValue["kind"] {
  if (value === null) return { case: "nullValue", value: NullValue.NULL_VALUE };
  switch (typeof value) {
    case "boolean":
      return { case: "boolValue", value };
    case "string":
      return { case: "stringValue", value: sendable(value, path) };
    case "bigint":
      return { case: "intValue", value: int64(value, path) };
    case "number":
      return Number.isInteger(value)
        ? { case: "intValue", value: BigInt(safe(value, path)) }
        : { case: "doubleValue", value: finite(value, path) };
    default:
      return value instanceof Float
        ? { case: "doubleValue", value: finite(value.valueOf(), path) }
        : { case: "jsonValue", value: jsonOf(value, path) };
  }
}

/**
 * Returns the plain value of a message.
 *
 * @throws InvalidArgumentError if it is an integer that a number can't hold exactly.
 */
export function fromParameterValue({ kind }: ParameterValue): Value {
  switch (kind.case) {
    case undefined:
    case "nullValue":
      return null;
    case "intValue":
      return toNumber(kind.value, "a parameter");
    case "jsonValue":
      return JSON.parse(kind.value) as Value;
    default:
      return kind.value;
  }
}

/**
 * Returns an integer as a number.
 *
 * @param what names the integer in the error.
 * @throws InvalidArgumentError if a number can't hold it exactly.
 */
export function toNumber(value: bigint, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new InvalidArgumentError(`${what} is ${value}, which a number can't hold exactly`);
  }
  return number;
}

/** Values by name, where groups are objects within. */
export type Nested<T> = { [name: string]: T | Nested<T> };

/** Returns the values of `a/b/c` names as objects within objects. */
export function nested<T>(values: Readonly<Record<string, T>>): Nested<T> {
  const result: Nested<T> = {};
  for (const name of Object.keys(values).sort()) {
    const groups = name.split("/");
    const last = groups.pop() ?? name;
    let group = result;
    for (const each of groups) {
      if (!Object.hasOwn(group, each)) define(group, each, {});
      group = group[each] as Nested<T>;
    }
    define(group, last, values[name] as T);
  }
  return result;
}

/** Returns the parameters of a run as its program gets them: plain values, with groups as objects. */
export function parametersOf(
  messages: Readonly<Record<string, ParameterValue>>,
): Record<string, Value> {
  return nested(mapped(messages, fromParameterValue)) as Record<string, Value>;
}

/** Returns the messages of values by name. */
export function toParameterValues(
  values: Readonly<Record<string, InputValue>>,
  path: string,
): Record<string, ParameterValue> {
  return mapped(values, (value, name) => toParameterValue(value, `${path}.${name}`));
}

/** Returns what a function makes of each value, by the same names. */
export function mapped<From, To>(
  values: Readonly<Record<string, From>>,
  convert: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, convert(value, name)]),
  );
}

/** Sets a property of any name, also `__proto__`. */
function define<T>(group: Nested<T>, name: string, value: T | Nested<T>): void {
  Object.defineProperty(group, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

/** Deeper values are rejected, also those that contain themselves; the services accept less. */
const MOST_LEVELS = 100;

function jsonOf(value: InputValue, path: string, level = 0): string {
  if (level > MOST_LEVELS) {
    throw new InvalidArgumentError(`${path} lies more than ${MOST_LEVELS} levels deep`);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(sendable(value, path));
  if (typeof value === "bigint") return String(int64(value, path));
  if (typeof value === "number") {
    return String(Number.isInteger(value) ? safe(value, path) : finite(value, path));
  }
  if (value instanceof Float) {
    const text = String(finite(value.valueOf(), path));
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => jsonOf(item, `${path}[${index}]`, level + 1));
    return `[${items.join(",")}]`;
  }
  if (!isPlain(value)) {
    const kind = typeof value === "object" ? Object.prototype.toString.call(value) : typeof value;
    throw new InvalidArgumentError(`${path} is a ${kind}, which can't be sent`);
  }
  const entries = Object.entries(value).map(([key, inner]) => {
    const name = JSON.stringify(sendable(key, path));
    return `${name}:${jsonOf(inner, `${path}.${key}`, level + 1)}`;
  });
  return `{${entries.join(",")}}`;
}

/** Whether a value is an object of entries: a Date or a Map would be sent as an empty one. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function finite(value: number, path: string): number {
  if (!Number.isFinite(value)) {
    throw new InvalidArgumentError(`${path} is ${value}, which can't be sent`);
  }
  return value;
}

function safe(value: number, path: string): number {
  if (!Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(
      `${path} is ${value}, which is not exact: write float(${value}) for a float, or a bigint for an integer`,
    );
  }
  return value;
}

function int64(value: bigint, path: string): bigint {
  if (value < MIN_INT64 || value > MAX_INT64) {
    throw new InvalidArgumentError(`${path} is ${value}, which does not fit into 64 bits`);
  }
  return value;
}

function sendable(text: string, path: string): string {
  if (!text.isWellFormed()) {
    throw new InvalidArgumentError(`${path} holds half of a surrogate pair, which can't be sent`);
  }
  return text;
}
