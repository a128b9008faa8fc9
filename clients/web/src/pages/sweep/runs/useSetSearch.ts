import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { RunsSearch } from "./search";

/** Settings to change in the address; undefined removes one. */
export type SearchChange = { readonly [Name in keyof RunsSearch]: RunsSearch[Name] | undefined };

/**
 * Returns a function that changes some of the table's settings in the address.
 *
 * Its second argument says whether the browser's Back leads to the settings of before.
 */
export function useSetSearch() {
  const navigate = useNavigate();
  return useCallback(
    (changed: SearchChange, isStep = false) => {
      void navigate({
        to: ".",
        search: (search: Record<string, unknown>) => ({ ...search, ...changed }),
        replace: !isStep,
        resetScroll: false,
      });
    },
    [navigate],
  );
}
