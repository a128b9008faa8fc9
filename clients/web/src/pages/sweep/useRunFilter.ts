import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import { useServices } from "../../rpc/context";
import { filterOfSearch, searchOfFilter } from "../../store/runFilter";
import type { Column, RunFilter } from "../../store/runTable";
import { runTableStore } from "../../store/runTableStore";
import { useRunTable } from "./useRunTable";

const route = getRouteApi("/sweeps/$sweepId");
const NO_COLUMNS: readonly Column[] = [];

interface RunFilterState {
  readonly filter: RunFilter;
  readonly setFilter: (filter: RunFilter) => void;
}

/** The filter of a sweep's pages, which is in their address. */
export function useRunFilter(): RunFilterState {
  const { sweepId } = route.useParams();
  const { registry } = useServices();
  const { table } = useRunTable(sweepId);
  const search = route.useSearch();
  const { states, where, top } = search;
  const navigate = useNavigate();
  const columns = table?.columns ?? NO_COLUMNS;
  const resolved = filterOfSearch(
    { ...(states && { states }), ...(where && { where }), ...(top && { top }) },
    columns,
  );
  // The table is a new one after each change, the filter is not.
  const text = JSON.stringify(resolved);
  const filter = useMemo(() => JSON.parse(text) as RunFilter, [text]);
  useEffect(() => {
    const keys = filter.conditions.map(({ key }) => key);
    runTableStore(registry, sweepId).addColumns(keys);
  }, [registry, sweepId, filter]);
  const setFilter = useCallback(
    (changed: RunFilter) => {
      const current = runTableStore(registry, sweepId).getState().table?.columns ?? NO_COLUMNS;
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({
          ...before,
          states: undefined,
          where: undefined,
          top: undefined,
          ...searchOfFilter(changed, current),
        }),
        // A dragged brush changes the filter many times; Back leads to the page before.
        replace: true,
        resetScroll: false,
      });
    },
    [navigate, registry, sweepId],
  );
  return { filter, setFilter };
}
