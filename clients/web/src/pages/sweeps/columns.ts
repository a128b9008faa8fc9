import type { SortedColumn } from "../../store/sweepOrder";

interface SweepColumn {
  readonly name: string;
  /** The orders of the list that a click on its head leads to; absent if the server has none. */
  readonly sorted?: SortedColumn;
  readonly isNumber?: boolean;
}

/** The columns of the list of sweeps. */
export const COLUMNS: readonly SweepColumn[] = [
  { name: "Name", sorted: { orders: ["name"] } },
  { name: "State", sorted: { orders: ["state"] } },
  { name: "Method" },
  { name: "Runs", sorted: { orders: ["runs"] } },
  { name: "Best", isNumber: true },
  { name: "Failed", isNumber: true },
  { name: "Runs/h", isNumber: true },
  { name: "Time left", isNumber: true },
  { name: "Changed", sorted: { orders: ["changed"] }, isNumber: true },
  { name: "Age", sorted: { orders: ["newest", "oldest"] }, isNumber: true },
];
