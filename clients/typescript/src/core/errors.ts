import { Code } from "@connectrpc/connect";
import type { ErrorReason } from "../gen/wanllmdb/api/registry/v1/error_reason_pb.js";

/** The reasons that this version knows; a newer service may send others. */
export type KnownReason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** One field of a request or of a config that a service rejected. */
export interface FieldProblem {
  /** The path of the field, such as `parameters.lr.min`. */
  readonly field: string;
  readonly description: string;
  /** The place in the text of a config, counted from 1; absent if there is none. */
  readonly position?: { readonly line: number; readonly column: number };
}

/** The parent of all errors of this package. */
export class WanllmdbError extends Error {
  // Not the name of the class, which bundlers shorten.
  override readonly name: string = "WanllmdbError";
}

/** What the program gave is not valid; no call was made. The message says which setting it was. */
export class InvalidArgumentError extends WanllmdbError {
  override readonly name = "InvalidArgumentError";
}

/** The environment names no run, or the run no longer belongs to this process. */
export class NoRunError extends WanllmdbError {
  override readonly name = "NoRunError";
}

/** Too many runs of an agent failed, one after another. */
export class AgentGaveUpError extends WanllmdbError {
  override readonly name = "AgentGaveUpError";
}

/** The run must stop: `log` throws it, and `signal.reason` is it. Let it leave the function. */
export class RunStoppedError extends WanllmdbError {
  override readonly name = "RunStoppedError";
}

/** What a service said about a failed call. */
export interface ServiceErrorDetails {
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fields?: readonly FieldProblem[];
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A call that failed. {@link ServiceError.reason} tells programs why, and {@link
 * ServiceError.metadata} what is concerned.
 */
export class ServiceError extends WanllmdbError {
  override readonly name = "ServiceError";
  /** The status code of gRPC. */
  readonly code: Code;
  /** The name of the ErrorReason without its prefix; empty if the service gave none. */
  readonly reason: KnownReason | (string & {});
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields at fault; empty if none is named. */
  readonly fields: readonly FieldProblem[];
  /** The seconds after which an overloaded service accepts the request again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, code: Code, details: ServiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = details.reason ?? "";
    this.metadata = details.metadata ?? {};
    this.fields = details.fields ?? [];
    this.retryAfter = details.retryAfter;
  }
}

/** Whether an error is one of a service, with this reason. */
export function hasReason(error: unknown, reason: KnownReason): error is ServiceError {
  return error instanceof ServiceError && error.reason === reason;
}

/** Whether an error is one of a service, with this status code. */
export function hasCode(error: unknown, code: Code): error is ServiceError {
  return error instanceof ServiceError && error.code === code;
}

/** Whether the same request may succeed later, so that an agent waits. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  if (error.code === Code.ResourceExhausted) {
    // Without a delay the message is too large, now and later.
    return error.retryAfter !== undefined;
  }
  return error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
}

/** Whether an error means that the run no longer belongs to this agent. */
export function isLost(error: unknown): boolean {
  return (
    hasCode(error, Code.NotFound) ||
    hasReason(error, "RUN_NOT_RUNNING") ||
    hasReason(error, "RUN_LEASE_LOST")
  );
}

/** Whether the registry rejects the content of a request, so that other content may be accepted. */
export function rejectsContent(error: unknown): error is ServiceError {
  if (!(error instanceof ServiceError)) return false;
  switch (error.code) {
    case Code.ResourceExhausted:
      return error.retryAfter === undefined;
    case Code.FailedPrecondition:
      return !isLost(error);
    default:
      return error.code === Code.InvalidArgument || error.code === Code.OutOfRange;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
