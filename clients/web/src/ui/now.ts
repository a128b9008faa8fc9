import { createContext, useContext } from "react";

/** The time in milliseconds, for the many ages of a table that change together. */
export const NowContext = createContext(0);

/** Returns the time of the table around a component. */
export function useTableNow(): number {
  return useContext(NowContext);
}
