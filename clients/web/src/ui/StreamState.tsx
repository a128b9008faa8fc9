import type { WatchStatus } from "../rpc/watch";
import { formatDuration } from "../store/format";
import { useNow } from "./useNow";

/** Says whether the page is current, and how old its data is if it is not. */
export function StreamState({ status }: { status: WatchStatus }) {
  return (
    <span className={`stream stream-${status.kind}`} role="status">
      {status.kind === "live" && "Live"}
      {status.kind === "ended" && "No longer live"}
      {(status.kind === "connecting" || status.kind === "waiting") && <Lost status={status} />}
    </span>
  );
}

type LostStatus = Extract<WatchStatus, { kind: "connecting" | "waiting" }>;

function Lost({ status: { kind, heardAt } }: { status: LostStatus }) {
  const now = useNow(1_000);
  if (heardAt === undefined) {
    return kind === "connecting" ? "Connecting …" : "No connection; trying again …";
  }
  return (
    <>
      Connection lost; trying again …{" "}
      {/* The age changes each second, which a screen reader should not say. */}
      <span aria-hidden="true">data is {formatDuration(now - heardAt)} old</span>
    </>
  );
}
