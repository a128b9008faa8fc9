import { useCallback, useEffect, useRef, useState } from "react";
import type { RunFilter } from "../../../store/runTable";
import { useRunFilter } from "../useRunFilter";

/** How long the filter rests before it goes to the address; browsers allow few changes a second. */
const REST_MS = 250;

interface LiveFilter {
  readonly filter: RunFilter;
  /** The filter before it was dragged. */
  readonly settled: RunFilter;
  /** Whether the filter is being dragged, so that the address does not have it yet. */
  readonly isMoving: boolean;
  /** Applies a filter at once, and puts it into the address when it rests. */
  readonly move: (filter: RunFilter) => void;
  /** Applies a filter at once, and puts it into the address. */
  readonly set: (filter: RunFilter) => void;
}

/** The filter of the sweep's pages for controls that change it with every step of the pointer. */
export function useLiveFilter(): LiveFilter {
  const { filter: settled, setFilter } = useRunFilter();
  // It stays until the address has it, so that the filter of before does not flash up.
  const [wanted, setWanted] = useState<{ filter: RunFilter; isMoving: boolean }>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const set = useCallback(
    (filter: RunFilter) => {
      clearTimeout(timer.current);
      timer.current = undefined;
      setWanted({ filter, isMoving: false });
      setFilter(filter);
    },
    [setFilter],
  );
  const move = useCallback(
    (filter: RunFilter) => {
      setWanted({ filter, isMoving: true });
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        set(filter);
      }, REST_MS);
    },
    [set],
  );
  // The address has it now, unless the pointer moved on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is what is waited for
  useEffect(() => {
    if (timer.current === undefined) setWanted(undefined);
  }, [settled]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    filter: wanted?.filter ?? settled,
    settled,
    isMoving: wanted?.isMoving === true,
    move,
    set,
  };
}
