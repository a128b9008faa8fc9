import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { filterOfSearch, searchOfFilter } from "../../store/runFilter";
import type { RunFilter } from "../../store/runTable";

const route = getRouteApi("/sweeps/$sweepId");

interface RunFilterState {
  readonly filter: RunFilter;
  readonly setFilter: (filter: RunFilter) => void;
}

/** The filter of a sweep's pages, which is in their address. */
export function useRunFilter(): RunFilterState {
  const { states, where, top } = route.useSearch();
  const navigate = useNavigate();
  const filter = useMemo(
    () =>
      filterOfSearch({ ...(states && { states }), ...(where && { where }), ...(top && { top }) }),
    [states, where, top],
  );
  const setFilter = useCallback(
    (changed: RunFilter) => {
      void navigate({
        to: ".",
        search: (search: Record<string, unknown>) => ({
          ...search,
          states: undefined,
          where: undefined,
          top: undefined,
          ...searchOfFilter(changed),
        }),
        // A dragged brush changes the filter many times; Back leads to the page before.
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return { filter, setFilter };
}
