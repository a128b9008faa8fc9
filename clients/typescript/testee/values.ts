import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { mapped, type Nested, nested } from "../src/core/values.js";
import { RunSchema } from "../src/gen/wanllmdb/api/registry/v1/run_pb.js";
import {
  type ParameterValue,
  ParameterValueSchema,
} from "../src/gen/wanllmdb/api/registry/v1/search_space_pb.js";
import { fromParameterValue, toParameterValue } from "../src/index.js";
import { type Description, described, native } from "./described.js";

/** A message in a command or an answer. */
export interface Encoded {
  readonly message: string;
}

/** Returns the native value of a ParameterValue. */
export function readValue({ message }: Encoded): Description {
  return describedValue(fromBinary(ParameterValueSchema, Buffer.from(message, "base64")));
}

/** Returns the ParameterValue of a native value. */
export function writeValue({ value }: { readonly value: Description }): Encoded {
  return encoded(toBinary(ParameterValueSchema, toParameterValue(native(value))));
}

/** Returns the parameters of a Run as a program receives them. */
export function nestParameters({ message }: Encoded): Description {
  const run = fromBinary(RunSchema, Buffer.from(message, "base64"));
  return asMap(nested(mapped(run.parameters, describedValue)));
}

/** Returns the binary form of a message for an answer. */
export function encoded(bytes: Uint8Array): Encoded {
  return { message: Buffer.from(bytes).toString("base64") };
}

function describedValue(value: ParameterValue): Description {
  return described(fromParameterValue(value), value.kind.case === "intValue");
}

function asMap(group: Nested<Description>): Description {
  const entries = mapped(group, (inner) => (isDescription(inner) ? inner : asMap(inner)));
  return { type: "map", entries };
}

function isDescription(inner: Description | Nested<Description>): inner is Description {
  return typeof inner.type === "string";
}
