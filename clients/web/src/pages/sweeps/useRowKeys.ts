import { type RefObject, useCallback } from "react";
import { useShortcuts } from "../../ui/shortcuts";

/** Lets the user go through the rows of a table by keys: the link of the current row has the focus. */
export function useRowKeys(table: RefObject<HTMLElement | null>): void {
  const rows = useCallback(
    () => Array.from(table.current?.querySelectorAll<HTMLElement>("tbody tr") ?? []),
    [table],
  );
  const current = () => rows().findIndex((row) => row.contains(document.activeElement));
  const go = (to: (index: number) => number) => {
    const all = rows();
    const index = Math.min(Math.max(to(current()), 0), all.length - 1);
    const link = all[index]?.querySelector("a");
    link?.focus();
    link?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts([
    { keys: "j", label: "Go to the next row; Enter opens it", run: () => go((index) => index + 1) },
    { keys: "k", label: "Go to the row before", run: () => go((index) => index - 1) },
    {
      keys: "x",
      label: "Select the row",
      run: () =>
        rows()[current()]?.querySelector<HTMLInputElement>("input[type='checkbox']")?.click(),
    },
  ]);
}
