import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  type WatchSweepResponse,
  WatchSweepResponseSchema,
} from "../gen/wanllmdb/api/registry/v1/watch_pb";
import type { StreamSlots } from "./streamSlots";
import { browserTabs, type Tabs } from "./tabs";
import type { Services } from "./transport";
import { follow, type WatchStatus } from "./watch";

const MIN_INTERVAL_NANOS = 500_000_000;

export interface SweepWatchOptions {
  readonly registry: Services["registry"];
  readonly sweepId: string;
  /** The revision that the caller has already. */
  readonly since: bigint;
  readonly onSweep: (sweep: Sweep) => void;
  readonly onStatus: (status: WatchStatus) => void;
  readonly signal: AbortSignal;
  /** The tabs that share the stream; those of the browser by default. */
  readonly tabs?: Tabs;
  readonly slots?: StreamSlots;
}

/** What the tab with the stream posts to the others, and what a new one asks of it. */
type Post =
  | { readonly kind: "hello" }
  | { readonly kind: "message"; readonly message: Uint8Array }
  | { readonly kind: "broken"; readonly heardAt: number | undefined };

/**
 * Reports each change of a sweep, its state and its statistics, without its runs.
 *
 * The tabs that show the sweep share one stream: the one that holds the sweep's lock has it and
 * posts what arrives. When it closes, the next continues after the last revision that it has.
 *
 * A broken watch continues after the last revision that arrived, in the same database: after a
 * restore of the database, the watch ends with REVISION_UNKNOWN.
 */
export async function watchSweep(options: SweepWatchOptions): Promise<void> {
  const { registry, sweepId, onSweep, onStatus, signal, tabs = browserTabs(), slots } = options;
  if (signal.aborted) return;
  let since = options.since;
  let databaseId = "";
  let last: WatchSweepResponse | undefined;
  let isLeader = false;
  /** Whether this tab's stream is open: what it has from before may be from another database. */
  let isOpen = false;
  let isFollowing = false;

  const receive = (message: WatchSweepResponse) => {
    since = message.revision;
    databaseId = message.databaseId;
    if (message.change.case !== "sweep") return;
    last = message;
    onSweep(message.change.value);
  };

  const channel = tabs.channel(`sweep.${sweepId}`, (data) => {
    const post = data as Post;
    if (post.kind === "hello") {
      if (isOpen) channel.post(postOf(last ?? checkpoint()));
    } else if (!isLeader && !signal.aborted) {
      follower(post);
    }
  });

  const checkpoint = () =>
    create(WatchSweepResponseSchema, {
      revision: since,
      databaseId,
      change: { case: "checkpoint", value: {} },
    });

  const follower = (post: Exclude<Post, { kind: "hello" }>) => {
    if (post.kind === "broken") {
      isFollowing = false;
      onStatus({ kind: "waiting", error: undefined, pauseMs: 0, heardAt: post.heardAt });
      return;
    }
    const message = fromBinary(WatchSweepResponseSchema, post.message);
    // A tab of before a restore of the database learns of it from the server, when its turn comes.
    if (databaseId !== "" && databaseId !== message.databaseId) return;
    databaseId = message.databaseId;
    if (message.revision > since) {
      if (message.change.case === "sweep") receive(message);
      else void catchUp();
    }
    if (!isFollowing) onStatus({ kind: "live" });
    isFollowing = true;
  };

  let isCatchingUp = false;
  // The tab with the stream has a change that this one, which was hidden, has not.
  const catchUp = async () => {
    if (isCatchingUp) return;
    isCatchingUp = true;
    try {
      const { sweep } = await registry.getSweep({ sweepId }, { signal });
      if (sweep !== undefined && sweep.revision > since) {
        since = sweep.revision;
        onSweep(sweep);
      }
    } catch {
      // The next checkpoint asks again.
    } finally {
      isCatchingUp = false;
    }
  };

  onStatus({ kind: "connecting" });
  channel.post({ kind: "hello" } satisfies Post);
  await tabs.hold(`sweep.${sweepId}`, signal, () => {
    isLeader = true;
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
        isOpen = true;
        receive(message);
        channel.post(postOf(message));
      },
      onStatus: (status) => {
        if (status.kind !== "live") isOpen = false;
        if (status.kind === "waiting") {
          channel.post({ kind: "broken", heardAt: status.heardAt } satisfies Post);
        }
        onStatus(status);
      },
      signal,
      ...(slots === undefined ? {} : { slots }),
    });
  });
  channel.close();
}

function postOf(message: WatchSweepResponse): Post {
  return { kind: "message", message: toBinary(WatchSweepResponseSchema, message) };
}
