import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.js";
import { ProblemPositionsSchema } from "../gen/wanllmdb/api/registry/v1/error_details_pb.js";
import { type FieldProblem, ServiceError } from "./errors.js";

/** Which call failed, for messages. */
export interface FailedCall {
  /** The RPC's name. */
  readonly rpc: string;
  /** The service and its address, as people read it. */
  readonly where: string;
  /** What to do when nothing answers there. */
  readonly remedy: string;
}

const LOCAL: ReadonlySet<Code> = new Set([
  Code.Aborted,
  Code.Canceled,
  Code.Internal,
  Code.Unknown,
]);
const BROKEN = /^(http\/2 |protocol error: missing)|connection/i;

/** Returns the error of a failed call, from what the transport threw. */
export function serviceErrorOf(thrown: unknown, call: FailedCall): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const error = ConnectError.from(thrown);
  const info = first(error, ErrorInfoSchema);
  const delay = first(error, RetryInfoSchema)?.retryDelay;
  const code = codeOf(error);
  return new ServiceError(
    info === undefined ? transportMessage(code, error.rawMessage, call) : error.rawMessage,
    code,
    {
      reason: info?.reason ?? "",
      metadata: info?.metadata ?? {},
      fields: fieldsOf(error),
      retryAfter:
        delay === undefined ? undefined : Number(delay.seconds) + delay.nanos / 1_000_000_000,
      cause: thrown,
    },
  );
}

/** Details that do not parse count as absent. */
function first<Desc extends DescMessage>(
  error: ConnectError,
  schema: Desc,
): MessageShape<Desc> | undefined {
  return error.findDetails(schema)[0];
}

function fieldsOf(error: ConnectError): FieldProblem[] {
  const positions = first(error, ProblemPositionsSchema)?.positions ?? [];
  const violations = first(error, BadRequestSchema)?.fieldViolations ?? [];
  return violations.map(({ field, description }, index) => {
    const { line = 0, column = 0 } = positions[index] ?? {};
    return line > 0 ? { field, description, position: { line, column } } : { field, description };
  });
}

function codeOf(error: ConnectError): Code {
  // The program's own abort does not get here: servers and proxies that stop send this code.
  if (error.code === Code.Canceled) return Code.Unavailable;
  const isOfService = error.metadata.has("grpc-status") || error.details.length > 0;
  return !isOfService && LOCAL.has(error.code) && isBroken(error) ? Code.Unavailable : error.code;
}

/** Whether a connection broke: Node and browsers report that with codes of their own. */
function isBroken(error: ConnectError): boolean {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") return true;
    // How fetch reports that nothing answers.
    if (cause instanceof TypeError && error.code === Code.Unknown) return true;
  }
  return BROKEN.test(error.rawMessage);
}

function transportMessage(code: Code, text: string, { rpc, where, remedy }: FailedCall): string {
  switch (code) {
    case Code.Unavailable:
      return `no answer to ${rpc} from ${where}: ${text}; ${remedy}`;
    case Code.DeadlineExceeded:
      return `${where} did not answer ${rpc} in time`;
    case Code.Unimplemented:
      return `${where} does not know ${rpc}: it is older than this client, or another program listens there`;
    case Code.ResourceExhausted:
      return `a message of ${rpc} is too large for ${where} (${text}): send less at once, or start the service with a higher --max-message-bytes`;
    default:
      return `${where} could not carry out ${rpc}: ${text}`;
  }
}
