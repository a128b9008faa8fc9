import type { WatchStatus } from "../rpc/watch";

const TEXTS: Record<WatchStatus["kind"], string> = {
  connecting: "Connecting …",
  live: "Live",
  waiting: "The connection broke; trying again …",
  ended: "No longer live",
};

/** Says whether the page is current. */
export function StreamState({ status }: { status: WatchStatus }) {
  return (
    <span className={`stream stream-${status.kind}`} role="status">
      {TEXTS[status.kind]}
    </span>
  );
}
