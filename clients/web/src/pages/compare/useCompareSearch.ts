import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import { type CompareSearch, idsOf, MOST_COMPARED } from "../../store/compareSearch";
import { type SearchChange, useSetSearch } from "../../ui/useSetSearch";

const route = getRouteApi("/compare");

/** The comparison, which is in the address. */
export function useCompareSearch() {
  const search: CompareSearch = route.useSearch();
  const change = useSetSearch<CompareSearch>();
  const setSearch = useCallback(
    (changed: SearchChange<CompareSearch>) => change(changed, "ids" in changed),
    [change],
  );
  const named = idsOf(search);
  return { search, setSearch, ids: named.slice(0, MOST_COMPARED), named: named.length };
}
