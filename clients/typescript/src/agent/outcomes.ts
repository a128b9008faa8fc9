import { create } from "@bufbuild/protobuf";
import {
  RunCanceledSchema,
  RunFailedSchema,
  RunPrunedSchema,
  RunSucceededSchema,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import type { StopOrder } from "./commands.js";
import type { Outcome } from "./sender.js";
import { messageText, runErrorOf } from "./text.js";

/** How the code of a run ended. */
export type Ended =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly error: unknown }
  /** It stopped before its end: by an order, or by itself. */
  | { readonly kind: "stopped"; readonly reason: string };

/**
 * Returns the outcome of a run; undefined if it no longer belongs to this agent.
 *
 * @param order the order to stop it, if there was one.
 */
export function outcomeOfRun(ended: Ended, order: StopOrder | undefined): Outcome | undefined {
  if (order?.kind === "prune") return pruned(order.reason);
  if (order?.kind === "cancel" && ended.kind !== "succeeded") return canceled(order.reason);
  switch (ended.kind) {
    case "succeeded":
      return { case: "succeeded", value: create(RunSucceededSchema) };
    case "failed":
      return {
        case: "failed",
        value: create(RunFailedSchema, { error: runErrorOf(ended.error) }),
      };
    case "stopped":
      return order === undefined ? canceled(ended.reason) : undefined;
  }
}

/** Returns how a stopped run ends; undefined if this agent reports no end. */
export function outcomeOf({ kind, reason }: StopOrder): Outcome | undefined {
  switch (kind) {
    case "prune":
      return pruned(reason);
    case "cancel":
      return canceled(reason);
    default:
      return undefined;
  }
}

function pruned(reason: string): Outcome {
  return { case: "pruned", value: create(RunPrunedSchema, { reason: messageText(reason) }) };
}

function canceled(reason: string): Outcome {
  return { case: "canceled", value: create(RunCanceledSchema, { reason: messageText(reason) }) };
}
