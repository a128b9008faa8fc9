import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

/** Settings to change in the address; undefined removes one. */
export type SearchChange<Search> = {
  readonly [Name in keyof Search]?: Search[Name] | undefined;
};

/**
 * Returns a function that changes some of a page's settings in the address.
 *
 * Its second argument says whether the browser's Back leads to the settings of before.
 */
export function useSetSearch<Search>() {
  const navigate = useNavigate();
  return useCallback(
    (changed: SearchChange<Search>, isStep = false) => {
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
