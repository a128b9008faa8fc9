import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { SweepView } from "../../gen/wanllmdb/api/registry/v1/sweep_list_pb";
import { useServices } from "../../rpc/context";
import { STATES } from "../../store/sweeps";
import type { SweepsSearch } from "./search";

const PAGE_SIZE = 50;
const RENEW_MS = 5_000;

/** Returns the sweeps that match, page by page; the pages that are shown stay current. */
export function useSweeps(search: SweepsSearch) {
  const { registry } = useServices();
  return useInfiniteQuery({
    queryKey: ["sweeps", search],
    queryFn: ({ pageParam, signal }) =>
      registry.listSweeps(
        {
          filter: {
            project: search.project ?? "",
            query: search.query ?? "",
            states: search.states?.map((name) => STATES[name]) ?? [],
          },
          view: SweepView.BASIC,
          includeTotalCount: true,
          pageSize: PAGE_SIZE,
          pageToken: pageParam,
        },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPageToken || undefined,
    placeholderData: keepPreviousData,
    refetchInterval: RENEW_MS,
  });
}
