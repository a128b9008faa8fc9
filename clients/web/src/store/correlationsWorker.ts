/** Computes correlations beside the page, which stays responsive meanwhile. */
import { type ComparedColumn, type CorrelationMethod, correlationsOf } from "./correlations";

export interface ToCorrelationsWorker {
  readonly columns: readonly ComparedColumn[];
  readonly method: CorrelationMethod;
}

self.addEventListener("message", ({ data }: MessageEvent<ToCorrelationsWorker>) => {
  self.postMessage(correlationsOf(data.columns, data.method));
});
