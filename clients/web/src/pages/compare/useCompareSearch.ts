import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { type CompareSearch, idsOf } from "../../store/compareSearch";

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
  return { search, setSearch, ids: idsOf(search) };
}
