import { useMemo } from "react";
import { relativeRanks } from "../../../store/scoredRuns";
import { useAnalysis } from "./analysisContext";

/** Returns the ranks of the matching runs: 0 for the best and 1 for the worst. */
export function useRanks(): Float64Array {
  const { scored, goal } = useAnalysis();
  return useMemo(() => relativeRanks(scored.objectives, goal), [scored, goal]);
}

/** Returns the places of ranks from the best on. */
export function bestFirst(ranks: Float64Array): Int32Array {
  return Int32Array.from(ranks.keys()).sort(
    (one, other) => (ranks[one] ?? 0) - (ranks[other] ?? 0),
  );
}

/** Returns a rank as people read it: "1 of 40". */
export function rankText(rank: number, count: number): string {
  return `${Math.round(rank * (count - 1)) + 1} of ${count}`;
}
