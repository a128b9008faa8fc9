import { SweepOrder } from "../gen/wanllmdb/api/registry/v1/sweep_list_pb";

/** The orders of the list of sweeps, by their names in URLs. */
export const ORDERS = {
  newest: SweepOrder.CREATE_TIME_DESC,
  oldest: SweepOrder.CREATE_TIME_ASC,
  name: SweepOrder.NAME_ASC,
  changed: SweepOrder.UPDATE_TIME_DESC,
  runs: SweepOrder.RUNS_DESC,
  state: SweepOrder.STATE_ASC,
} as const;

export type OrderName = keyof typeof ORDERS;

/** Whether a text is the name of an order. */
export function isOrderName(text: unknown): text is OrderName {
  return typeof text === "string" && Object.hasOwn(ORDERS, text);
}

/** A column by which the list can be sorted: the order of a click, and of the next. */
export interface SortedColumn {
  readonly orders: readonly [OrderName, ...OrderName[]];
}

/** Returns the order that a click on a column's head leads to. */
export function nextOrder({ orders }: SortedColumn, current: OrderName): OrderName {
  return orders[(orders.indexOf(current) + 1) % orders.length] ?? orders[0];
}

const DESCENDING = new Set<OrderName>(["newest", "changed", "runs"]);

/** Returns how a column is sorted now, as `aria-sort` says it; times count from the past on. */
export function sortOfColumn(
  { orders }: SortedColumn,
  current: OrderName,
): "ascending" | "descending" | undefined {
  if (!orders.includes(current)) return undefined;
  return DESCENDING.has(current) ? "descending" : "ascending";
}
