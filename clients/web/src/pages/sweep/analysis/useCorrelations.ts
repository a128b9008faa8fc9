import { useContext, useEffect, useState } from "react";
import {
  type ComparedColumn,
  type CorrelationMatrix,
  type CorrelationMethod,
  correlationsOf,
} from "../../../store/correlations";
import type { ToCorrelationsWorker } from "../../../store/correlationsWorker";
import { OnScreenContext } from "../../../ui/useAnswer";

/** Returns the correlations of columns, computed by a worker; the earlier ones meanwhile. */
export function useCorrelations(
  columns: readonly ComparedColumn[] | undefined,
  method: CorrelationMethod,
): CorrelationMatrix | undefined {
  const isOnScreen = useContext(OnScreenContext);
  const [matrix, setMatrix] = useState<CorrelationMatrix>();
  useEffect(() => {
    if (columns === undefined || !isOnScreen) return;
    if (typeof Worker === "undefined") {
      setMatrix(correlationsOf(columns, method));
      return;
    }
    const worker = new Worker(new URL("../../../store/correlationsWorker.ts", import.meta.url), {
      type: "module",
    });
    worker.addEventListener("message", ({ data }: MessageEvent<CorrelationMatrix>) => {
      setMatrix(data);
      worker.terminate();
    });
    // A worker that a policy or an old browser refuses is no reason to show nothing.
    worker.addEventListener("error", () => setMatrix(correlationsOf(columns, method)));
    const message: ToCorrelationsWorker = { columns, method };
    worker.postMessage(message);
    return () => worker.terminate();
  }, [columns, method, isOnScreen]);
  return matrix;
}
