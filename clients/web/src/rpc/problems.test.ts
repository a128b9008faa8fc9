import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb";
import { ProblemPositionsSchema } from "../gen/wanllmdb/api/registry/v1/error_details_pb";
import { describeProblem } from "./problems";

function failed(code: Code, reason: string, metadata: Record<string, string> = {}) {
  return new ConnectError("The server's sentence.", code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "wanllmdb.dev", metadata } },
  ]);
}

test("a reason of the contract gives the title, and the server's sentence the text", () => {
  expect(describeProblem(failed(Code.NotFound, "SWEEP_NOT_FOUND"))).toMatchObject({
    title: "There is no such sweep",
    text: "The server's sentence.",
    reason: "SWEEP_NOT_FOUND",
    remedy: "none",
  });
});

test("every rejected field is reported with its path", () => {
  const value = create(BadRequestSchema, {
    fieldViolations: [
      { field: "page_size", description: "is above 1,000" },
      { field: "project", description: "is longer than 128 characters" },
    ],
  });
  const error = new ConnectError("2 problems", Code.InvalidArgument, undefined, [
    { desc: BadRequestSchema, value },
  ]);
  expect(describeProblem(error).fields).toEqual([
    { field: "page_size", description: "is above 1,000" },
    { field: "project", description: "is longer than 128 characters" },
  ]);
});

test.each([
  [Code.Unauthenticated, "KEY_EXPIRED", "sign-in"],
  [Code.Aborted, "ETAG_MISMATCH", "reload"],
  [Code.FailedPrecondition, "SWEEP_STATE_CONFLICT", "reload"],
  [Code.Unavailable, "WRITE_CONFLICT", "retry"],
  [Code.Unavailable, "DATABASE_UNAVAILABLE", "retry"],
  [Code.PermissionDenied, "PERMISSION_DENIED", "none"],
  [Code.Internal, "INTERNAL", "none"],
] as const)("what helps against %s %s is: %s", (code, reason, remedy) => {
  expect(describeProblem(failed(code, reason)).remedy).toBe(remedy);
});

test("the time after which to ask again is in milliseconds", () => {
  const error = new ConnectError("slow down", Code.ResourceExhausted, undefined, [
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 2n, nanos: 500_000_000 } } },
  ]);
  expect(describeProblem(error).retryAfterMs).toBe(2_500);
});

test("an internal error has the reference of the server's log", () => {
  const error = failed(Code.Internal, "INTERNAL", { reference: "4f2a" });
  expect(describeProblem(error).reference).toBe("4f2a");
});

test("what is no answer of a server, such as a failed fetch, can be tried again", () => {
  expect(describeProblem(new TypeError("Failed to fetch"))).toMatchObject({
    text: "Failed to fetch",
    reason: "",
    remedy: "retry",
  });
});

test("a reason that this page does not know has the title of its code", () => {
  expect(describeProblem(failed(Code.Unavailable, "SOMETHING_NEW")).title).toBe(
    "The platform does not answer",
  );
});

test("a problem of a config has its line, unless it is at no place", () => {
  const fields = create(BadRequestSchema, {
    fieldViolations: [
      { field: "run_cap", description: "must be an integer" },
      { field: "metric", description: "is missing" },
    ],
  });
  const positions = create(ProblemPositionsSchema, { positions: [{ line: 9, column: 1 }, {}] });
  const error = new ConnectError("2 problems", Code.InvalidArgument, undefined, [
    { desc: BadRequestSchema, value: fields },
    { desc: ProblemPositionsSchema, value: positions },
  ]);
  expect(describeProblem(error).fields.map(({ line }) => line)).toEqual([9, undefined]);
});
