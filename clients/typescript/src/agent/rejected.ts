import { clone, create } from "@bufbuild/protobuf";
import type { ServiceError } from "../core/errors.js";
import {
  type FinishRunRequest,
  FinishRunRequestSchema,
  type ReportMetricsRequest,
  ReportMetricsRequestSchema,
  RunFailedSchema,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import type { MetricRow } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import { messageText } from "./text.js";

/** A request that stores rows. */
export type WithRows = ReportMetricsRequest | FinishRunRequest;

/** Whether a request is the end of a run. */
export function isEnd(request: WithRows): request is FinishRunRequest {
  return request.$typeName === FinishRunRequestSchema.typeName;
}

/**
 * Returns a request with less content and an id of its own; undefined if nothing is left to send. A
 * value that the registry can't store must not keep it from learning how the run ended.
 *
 * @param known the metrics that the registry has accepted before.
 */
export function reduced<R extends WithRows>(
  request: R,
  error: ServiceError,
  known: ReadonlySet<string>,
): R | undefined {
  const rest = copyOf(request);
  rest.requestId = crypto.randomUUID();
  const isOfConfig =
    error.fields.length > 0 && error.fields.every(({ field }) => field.startsWith("config"));
  if (rest.rows.length > 0 && !(isEnd(rest) && isOfConfig)) {
    rest.rows = thinned(rest.rows, error, known);
    return rest.rows.length > 0 || isEnd(rest) ? rest : undefined;
  }
  if (!isEnd(rest)) return undefined;
  if (Object.keys(rest.config).length > 0) {
    rest.config = {};
    return rest;
  }
  const message = messageText(`the registry rejected the run's end: ${error.message}`);
  if (rest.outcome.case === "failed" && rest.outcome.value.error?.message === message) {
    return undefined;
  }
  rest.outcome = { case: "failed", value: create(RunFailedSchema, { error: { message } }) };
  return rest;
}

function copyOf<R extends WithRows>(request: R): R {
  const copy = isEnd(request)
    ? clone(FinishRunRequestSchema, request)
    : clone(ReportMetricsRequestSchema, request as ReportMetricsRequest);
  return copy as R;
}

/** Leaves out the rows that the error names, else the metrics that are not known, else all rows. */
function thinned(
  rows: readonly MetricRow[],
  error: ServiceError,
  known: ReadonlySet<string>,
): MetricRow[] {
  const named = new Set(
    error.fields.flatMap(({ field }) => /^rows\[(\d+)\]/.exec(field)?.[1] ?? []).map(Number),
  );
  const kept =
    named.size > 0 ? rows.filter((_, index) => !named.has(index)) : ofKnownMetrics(rows, known);
  // The rows that were left out before were not at fault.
  return valuesIn(kept) === valuesIn(rows) ? [] : kept;
}

function ofKnownMetrics(rows: readonly MetricRow[], known: ReadonlySet<string>): MetricRow[] {
  return rows
    .map((row) => ({
      ...row,
      values: Object.fromEntries(Object.entries(row.values).filter(([name]) => known.has(name))),
    }))
    .filter(({ values }) => Object.keys(values).length > 0);
}

function valuesIn(rows: readonly MetricRow[]): number {
  return rows.reduce((count, { values }) => count + Object.keys(values).length, 0);
}
