import { useMemo, useRef } from "react";
import type { RunOrder, RunTable } from "../../../store/runTable";
import { countAdded, sortRows } from "../../../store/sortRows";

interface OrderedNumbers {
  /** The numbers of the runs that match, in their order. */
  readonly numbers: Int32Array;
  /** How many runs match that the frozen order does not have. */
  readonly added: number;
}

/**
 * Returns the runs in their order. While it is frozen, the order of before stays, so that no row
 * moves away under the pointer; another order or filter, which the user chose, applies at once.
 */
export function useOrderedNumbers(
  table: RunTable,
  mask: Uint8Array,
  order: RunOrder,
  frozenBy: string | undefined,
): OrderedNumbers {
  const { key, isDescending } = order;
  const kept = useRef<{ numbers: Int32Array; of: string }>(undefined);
  return useMemo(() => {
    const earlier = kept.current;
    if (frozenBy !== undefined && earlier?.of === frozenBy) {
      return { numbers: earlier.numbers, added: countAdded(table, mask, earlier.numbers) };
    }
    const rows = sortRows(table, mask, { key, isDescending });
    const numbers = Int32Array.from(rows, (row) => table.numbers[row] ?? 0);
    kept.current = frozenBy === undefined ? undefined : { numbers, of: frozenBy };
    return { numbers, added: 0 };
  }, [table, mask, key, isDescending, frozenBy]);
}
