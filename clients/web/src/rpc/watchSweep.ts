import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { WatchSweepResponse } from "../gen/wanllmdb/api/registry/v1/watch_pb";
import { pause } from "./backOff";
import type { Services } from "./transport";
import { follow, type WatchStatus } from "./watch";

const MIN_INTERVAL_NANOS = 500_000_000;
const RENEW_MS = 1_000;

export interface SweepWatchOptions {
  readonly registry: Services["registry"];
  readonly sweepId: string;
  /** The revision that the caller knows already. */
  readonly since: bigint;
  readonly onSweep: (sweep: Sweep) => void;
  readonly onStatus: (status: WatchStatus) => void;
  readonly signal: AbortSignal;
}

/**
 * Reports each change of a sweep, its state and its statistics, without its runs. Where the server
 * sends a run instead of the statistics that it changed, the sweep is read again, once a second.
 *
 * A broken watch continues after the last revision that arrived, in the same database: after a
 * restore of the database, the watch ends with REVISION_UNKNOWN.
 */
export function watchSweep(options: SweepWatchOptions): Promise<void> {
  const { registry, sweepId, onSweep, onStatus, signal } = options;
  let since = options.since;
  let databaseId = "";
  let isRenewing = false;
  const renew = async () => {
    if (isRenewing) return;
    isRenewing = true;
    await pause(RENEW_MS, signal);
    isRenewing = false;
    if (signal.aborted) return;
    try {
      const { sweep } = await registry.getSweep({ sweepId }, { signal });
      if (sweep !== undefined) onSweep(sweep);
    } catch {
      // The stream reports what is wrong with the server, and the next change asks again.
    }
  };
  return follow<WatchSweepResponse>({
    open: (streamSignal) =>
      registry.watchSweep(
        {
          sweepId,
          sinceRevision: since,
          databaseId,
          minInterval: { nanos: MIN_INTERVAL_NANOS },
          withoutRuns: true,
        },
        // A watch has no end of its own.
        { signal: streamSignal, timeoutMs: 0 },
      ),
    onMessage: (message) => {
      since = message.revision;
      databaseId = message.databaseId;
      if (message.change.case === "sweep") onSweep(message.change.value);
      else if (message.change.case === "run") void renew();
    },
    onStatus,
    signal,
  });
}
