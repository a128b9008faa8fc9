import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { ParetoSearch } from "../../../store/paretoSearch";

const route = getRouteApi("/sweeps/$sweepId/pareto");

type Changes = { [Name in keyof ParetoSearch]: ParetoSearch[Name] | undefined };

/** The settings of the Pareto page, which are in its address. */
export function useParetoSearch() {
  const search: ParetoSearch = route.useSearch();
  const navigate = useNavigate();
  const setSearch = useCallback(
    (changed: Changes) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...changed }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return { search, setSearch };
}
