import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code } from "@connectrpc/connect";
import type { SweepRegistryService } from "../gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import type {
  WatchSweepRequestSchema,
  WatchSweepResponse,
} from "../gen/wanllmdb/api/registry/v1/watch_pb.js";
import { hasCode, isPassing } from "./errors.js";
import { PROTOCOL } from "./protocol.js";
import { retryAfter } from "./retries.js";
import { between, growing, sleep } from "./time.js";

/** Where a watch begins, and what ends it. */
export interface WatchOptions {
  /** The revision of an earlier change; 0 for all. Needs `databaseId`. */
  readonly sinceRevision?: bigint;
  /** The `databaseId` of the same change. */
  readonly databaseId?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

/**
 * Yields the changes of a sweep until it is deleted or the signal aborts. A broken stream goes on
 * after the last change.
 *
 * @throws ServiceError with the reason REVISION_UNKNOWN if the database has another history: discard
 * what was read, and begin again.
 */
export async function* watchSweep(
  registry: Client<typeof SweepRegistryService>,
  sweepId: string,
  { sinceRevision = 0n, databaseId = "", signal }: WatchOptions,
  hasAnswered: () => boolean,
): AsyncGenerator<WatchSweepResponse, void, undefined> {
  const request = { sweepId, sinceRevision, databaseId } satisfies MessageInitShape<
    typeof WatchSweepRequestSchema
  >;
  let hasBegun = false;
  let pauses = reconnects();
  while (!signal?.aborted) {
    let pause: number | undefined;
    try {
      for await (const change of registry.watchSweep(request, signal ? { signal } : {})) {
        request.sinceRevision = change.revision;
        request.databaseId = change.databaseId;
        hasBegun = true;
        pauses = reconnects();
        yield change;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (hasBegun && hasCode(error, Code.NotFound)) return;
      // The address of a registry that has never answered may be wrong.
      if (!(hasBegun || hasAnswered()) || !isPassing(error)) throw error;
      pause = retryAfter(error);
    }
    await sleep(pause ?? between(PROTOCOL.streamJitter) * pauses.next().value, signal);
  }
}

function reconnects(): Generator<number, never> {
  return growing(PROTOCOL.streamFirstPause, PROTOCOL.streamLongestPause);
}
