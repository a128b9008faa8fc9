import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb";
import { ProblemPositionsSchema } from "../gen/wanllmdb/api/registry/v1/error_details_pb";

/** One field of a request or of a config that the server rejected. */
export interface FieldProblem {
  readonly field: string;
  readonly description: string;
  /** The line of the config, counted from 1; absent if it is at no place or not in a text. */
  readonly line?: number;
  /** The column there in characters, counted from 1. */
  readonly column?: number;
}

/** What helps: signing in, reading the current state again, trying again, or none of these. */
export type Remedy = "sign-in" | "reload" | "retry" | "none";

/** A failed call, as people read it. */
export interface Problem {
  readonly title: string;
  /** The server's own sentence. */
  readonly text: string;
  /** The fields at fault; empty if none is named. */
  readonly fields: readonly FieldProblem[];
  /** The name of the ErrorReason without prefix; empty if the error has none. */
  readonly reason: string;
  /** The reference by which the server's log has the details; empty if there is none. */
  readonly reference: string;
  readonly remedy: Remedy;
  /** Milliseconds after which the server wants to be asked again. */
  readonly retryAfterMs: number | undefined;
}

const TITLES: Record<string, string> = {
  SWEEP_NOT_FOUND: "There is no such sweep",
  SWEEP_STATE_CONFLICT: "The sweep's state does not allow this",
  SWEEP_NOT_RUNNING: "The sweep does not run",
  ETAG_MISMATCH: "The sweep changed meanwhile",
  REVISION_UNKNOWN: "The database was restored",
  WRITE_CONFLICT: "Two changes met; try again",
  KEY_MISSING: "An API key is needed",
  KEY_INVALID: "This API key is not valid",
  KEY_EXPIRED: "This API key has expired",
  KEY_REVOKED: "This API key was revoked",
  PERMISSION_DENIED: "This API key does not allow it",
  RATE_LIMITED: "Too many calls",
  OVERLOADED: "The server is busy",
  SHUTTING_DOWN: "The server is restarting",
  DATABASE_UNAVAILABLE: "The database does not answer",
  REGISTRY_UNAVAILABLE: "The registry does not answer",
  INVALID_REQUEST: "The server rejected the request",
  INVALID_SWEEP_CONFIG: "The config has problems",
  INTERNAL: "The server has a defect",
};

const RELOADED = new Set([
  "ETAG_MISMATCH",
  "REVISION_UNKNOWN",
  "SWEEP_NOT_RUNNING",
  "SWEEP_STATE_CONFLICT",
]);
const RETRIED = new Set<Code>([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted]);

/** Returns the problem that a failed call reports, from its ErrorInfo, BadRequest and RetryInfo. */
export function describeProblem(cause: unknown): Problem {
  const error = ConnectError.from(cause);
  const info = error.findDetails(ErrorInfoSchema)[0];
  const reason = info?.reason ?? "";
  const positions = error.findDetails(ProblemPositionsSchema)[0]?.positions ?? [];
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    title: TITLES[reason] ?? titleOfCode(error.code),
    text: error.rawMessage,
    fields: error
      .findDetails(BadRequestSchema)
      .flatMap((details) => details.fieldViolations)
      .map(({ field, description }, index) => {
        const { line = 0, column = 0 } = positions[index] ?? {};
        return line > 0 ? { field, description, line, column } : { field, description };
      }),
    reason,
    reference: info?.metadata.reference ?? "",
    remedy: remedyOf(error.code, reason),
    retryAfterMs:
      delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1_000_000,
  };
}

function remedyOf(code: Code, reason: string): Remedy {
  if (code === Code.Unauthenticated) return "sign-in";
  if (RELOADED.has(reason)) return "reload";
  return RETRIED.has(code) || code === Code.Unknown ? "retry" : "none";
}

function titleOfCode(code: Code): string {
  switch (code) {
    case Code.Unauthenticated:
      return "A valid API key is needed";
    case Code.PermissionDenied:
      return "This is not allowed";
    case Code.NotFound:
      return "This does not exist";
    case Code.Unavailable:
      return "The platform does not answer";
    case Code.DeadlineExceeded:
      return "The answer took too long";
    case Code.ResourceExhausted:
      return "Too many calls";
    case Code.FailedPrecondition:
      return "This is not possible now";
    case Code.InvalidArgument:
      return "The server rejected the request";
    default:
      return "The call failed";
  }
}

/** Whether a read that failed so can succeed when it is sent again. */
export function mayRetry(cause: unknown): boolean {
  return describeProblem(cause).remedy === "retry";
}
