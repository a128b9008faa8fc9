import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { type CompareSearch, idsOf, MOST_COMPARED } from "../../store/compareSearch";

const route = getRouteApi("/compare");

type Changes = { [Name in keyof CompareSearch]: CompareSearch[Name] | undefined };

/** The comparison, which is in the address. */
export function useCompareSearch() {
  const search: CompareSearch = route.useSearch();
  const navigate = useNavigate();
  const setSearch = useCallback(
    (changed: Changes) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...changed }),
        resetScroll: false,
        replace: !("ids" in changed),
      });
    },
    [navigate],
  );
  const named = idsOf(search);
  return { search, setSearch, ids: named.slice(0, MOST_COMPARED), named: named.length };
}
