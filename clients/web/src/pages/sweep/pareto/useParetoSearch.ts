import { getRouteApi } from "@tanstack/react-router";
import type { ParetoSearch } from "../../../store/paretoSearch";
import { useSetSearch } from "../../../ui/useSetSearch";

const route = getRouteApi("/sweeps/$sweepId/pareto");

/** The settings of the Pareto page, which are in its address. */
export function useParetoSearch() {
  const search: ParetoSearch = route.useSearch();
  return { search, setSearch: useSetSearch<ParetoSearch>() };
}
