import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useEffect, useMemo, useState } from "react";
import type { WatchSweepsResponse } from "../../gen/wanllmdb/api/registry/v1/watch_pb";
import { useServices } from "../../rpc/context";
import { follow, type WatchStatus } from "../../rpc/watch";
import { applyMessage, NO_SWEEPS, type SweepList } from "../../store/sweepList";
import { ORDERS } from "../../store/sweepOrder";
import { METHODS, STATES } from "../../store/sweeps";
import { useVisible } from "../../ui/useVisible";
import { useRejection } from "../useRejection";
import { type SweepsSearch, startOfDay } from "./search";

/** The most sweeps that the server watches as one list. */
export const MOST_SWEEPS = 1_000;

interface WatchedList {
  readonly list: SweepList;
  readonly status: WatchStatus;
  /** Asks again at once, after an error that ended the watch. */
  readonly retry: () => void;
}

/** Watches the first sweeps that match; while another search loads, the last list stays. */
export function useSweeps(search: SweepsSearch, maxSweeps: number): WatchedList {
  const { registry } = useServices();
  const isVisible = useVisible();
  const rejection = useRejection();
  const isAccepted = rejection === undefined;
  const [list, setList] = useState(NO_SWEEPS);
  const [status, setStatus] = useState<WatchStatus>({ kind: "connecting" });
  const [attempt, setAttempt] = useState(0);
  // The address makes new lists of the same names; the same text is the same search.
  const text = JSON.stringify(search);
  const request = useMemo(() => requestOf(JSON.parse(text)), [text]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: attempt only starts the watch again
  useEffect(() => {
    if (!isVisible || !isAccepted) return;
    const stop = new AbortController();
    let next = NO_SWEEPS;
    void follow<WatchSweepsResponse>({
      open: (signal) => {
        // Each stream begins with the whole list.
        next = NO_SWEEPS;
        return registry.watchSweeps({ ...request, maxSweeps }, { signal, timeoutMs: 0 });
      },
      onMessage: (message) => {
        next = applyMessage(next, message);
        if (next.isComplete) setList(next);
      },
      onStatus: setStatus,
      canContinue: () => next.isComplete,
      signal: stop.signal,
    });
    return () => stop.abort();
  }, [registry, isVisible, isAccepted, request, maxSweeps, attempt]);

  const shown: WatchStatus = isAccepted ? status : { kind: "ended", error: rejection };
  return { list, status: shown, retry: () => setAttempt((tries) => tries + 1) };
}

function requestOf(search: SweepsSearch) {
  const { project = "", query = "", states = [], methods = [], since, before, order } = search;
  return {
    filter: {
      project,
      query,
      states: states.map((name) => STATES[name]),
      methods: methods.map((name) => METHODS[name]),
      ...(since === undefined ? {} : { createdAfter: timestampFromMs(startOfDay(since)) }),
      ...(before === undefined ? {} : { createdBefore: timestampFromMs(before) }),
    },
    order: ORDERS[order ?? "newest"],
  };
}
