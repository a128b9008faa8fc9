import { float, type InputValue, type Value } from "../src/index.js";

/** A native value as JSON that says its type, since JSON alone loses 1.0 and large integers. */
export type Description =
  | { readonly type: "null" }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int"; readonly value: string }
  | { readonly type: "float"; readonly value: number | string }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "list"; readonly items: readonly Description[] }
  | { readonly type: "map"; readonly entries: Readonly<Record<string, Description>> };

/**
 * Returns the description of a value.
 *
 * @param isInteger whether a number stands for an integer; the value alone can't tell.
 */
export function described(value: Value, isInteger = false): Description {
  if (value === null) return { type: "null" };
  switch (typeof value) {
    case "boolean":
      return { type: "bool", value };
    case "number":
      return isInteger ? { type: "int", value: String(value) } : { type: "float", value };
    case "string":
      return { type: "string", value };
    default:
      return Array.isArray(value)
        ? { type: "list", items: value.map((item) => described(item)) }
        : {
            type: "map",
            entries: Object.fromEntries(
              Object.entries(value).map(([key, inner]) => [key, described(inner)]),
            ),
          };
  }
}

/** Returns the value that a description stands for, as a program writes it. */
export function native(description: Description): InputValue {
  switch (description.type) {
    case "null":
      return null;
    case "bool":
    case "string":
      return description.value;
    case "int": {
      const number = Number(description.value);
      return Number.isSafeInteger(number) ? number : BigInt(description.value);
    }
    case "float":
      return float(Number(description.value));
    case "list":
      return description.items.map(native);
    case "map":
      return Object.fromEntries(
        Object.entries(description.entries).map(([key, inner]) => [key, native(inner)]),
      );
  }
}
