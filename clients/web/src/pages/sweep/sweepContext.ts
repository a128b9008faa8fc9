import { createContext, useContext } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";

export const SweepContext = createContext<Sweep | undefined>(undefined);

/** Returns the sweep whose page this is, as the frame of the page keeps it current. */
export function useCurrentSweep(): Sweep {
  const sweep = useContext(SweepContext);
  if (sweep === undefined) throw new Error("there is no SweepContext around this component");
  return sweep;
}
