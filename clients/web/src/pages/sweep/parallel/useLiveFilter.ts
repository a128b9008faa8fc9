import { useCallback, useEffect, useRef, useState } from "react";
import type { RunFilter } from "../../../store/runTable";
import { useRunFilter } from "../useRunFilter";

/** How long the filter rests before it goes to the address; browsers allow few changes a second. */
const REST_MS = 250;

/** A change of the filter: one of a drag that goes on, one step of many, or a whole one. */
export type FilterChange = "drag" | "step" | "done";

interface LiveFilter {
  readonly filter: RunFilter;
  /** The filter in the address. */
  readonly settled: RunFilter;
  /** Whether the filter is being changed, so that the address does not have it yet. */
  readonly isMoving: boolean;
  /** Applies a filter at once; the address gets it at the end of a drag, or when it rests. */
  readonly change: (filter: RunFilter, change: FilterChange) => void;
}

/** The filter of the sweep's pages for controls that change it with every step of the pointer. */
export function useLiveFilter(): LiveFilter {
  const { filter: settled, setFilter } = useRunFilter();
  // It stays until the address has it, so that the filter of before does not flash up.
  const [wanted, setWanted] = useState<{ filter: RunFilter; isMoving: boolean }>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isHeld = useRef(false);
  const change = useCallback(
    (filter: RunFilter, kind: FilterChange) => {
      const settle = () => {
        timer.current = undefined;
        setWanted({ filter, isMoving: false });
        setFilter(filter);
      };
      clearTimeout(timer.current);
      timer.current = undefined;
      isHeld.current = kind === "drag";
      if (kind === "done") {
        settle();
        return;
      }
      setWanted({ filter, isMoving: true });
      if (kind === "step") timer.current = setTimeout(settle, REST_MS);
    },
    [setFilter],
  );
  // The address has it now, unless it changed meanwhile.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is what is waited for
  useEffect(() => {
    if (timer.current === undefined && !isHeld.current) setWanted(undefined);
  }, [settled]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    filter: wanted?.filter ?? settled,
    settled,
    isMoving: wanted?.isMoving === true,
    change,
  };
}
