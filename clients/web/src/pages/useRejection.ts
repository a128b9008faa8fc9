import type { ConnectError } from "@connectrpc/connect";
import { useSyncExternalStore } from "react";
import { signOutNotice } from "../rpc/signOutNotice";

/**
 * Returns the error by which the server rejected the session's key; undefined while it accepts it.
 * Watches stop meanwhile, and go on once a key is accepted, for example of another tab.
 */
export function useRejection(): ConnectError | undefined {
  return useSyncExternalStore(signOutNotice.subscribe, signOutNotice.getError);
}
