import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { type ParallelSearch, parseParallelSearch } from "../../../store/parallelSearch";

const route = getRouteApi("/sweeps/$sweepId/parallel");

/** Settings that get another value; undefined is the default. */
export type ParallelChanges = {
  readonly [Name in keyof ParallelSearch]: ParallelSearch[Name] | undefined;
};

/** The settings in the address of the page, and a function that changes some of them. */
export function useParallelSearch(): [ParallelSearch, (changed: ParallelChanges) => void] {
  const search = route.useSearch();
  const navigate = useNavigate();
  const change = useCallback(
    (changed: ParallelChanges) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({
          ...before,
          ...NOTHING,
          ...parseParallelSearch({ ...before, ...changed }),
        }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}

const NOTHING: ParallelChanges = {
  axes: undefined,
  color: undefined,
  lines: undefined,
  selected: undefined,
};
