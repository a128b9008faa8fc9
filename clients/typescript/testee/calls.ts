import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { serviceErrorOf } from "../src/core/details.js";
import { isLost, isPassing } from "../src/core/errors.js";

const DETAILS_FIELD = 3;

/** Returns what programs see of an error, and what an agent does about it. */
export function readError(given: {
  readonly code: string;
  readonly text: string;
  readonly details: string;
}): unknown {
  const name = given.code === "CANCELLED" ? "canceled" : given.code.toLowerCase();
  const sent = new ConnectError(given.text, codeFromString(name));
  sent.details = detailsOf(Buffer.from(given.details, "base64"));
  const call = { rpc: "FinishRun", where: "the registry", remedy: "start one" };
  const error = serviceErrorOf(sent, call);
  return {
    reason: error.reason,
    metadata: error.metadata,
    fields: error.fields.map(({ field, description }) => [field, description]),
    positions: error.fields.some(({ position }) => position)
      ? error.fields.map(({ position: at }) => (at ? [at.line, at.column] : null))
      : [],
    retry_after: error.retryAfter ?? null,
    waits: isPassing(error),
    ends_run: isLost(error),
  };
}

/** Returns the details of a google.rpc.Status, as the transport gives them to the client. */
function detailsOf(status: Uint8Array): { type: string; value: Uint8Array }[] {
  const details: { type: string; value: Uint8Array }[] = [];
  const reader = new BinaryReader(status);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== DETAILS_FIELD || type !== WireType.LengthDelimited) {
      reader.skip(type);
      continue;
    }
    const { typeUrl, value } = fromBinary(AnySchema, reader.bytes());
    details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
  }
  return details;
}
