import type { Problem } from "../rpc/problems";

/** Why a chart has nothing to show, where that is no fault. */
export interface Explanation {
  readonly title: string;
  readonly text: string;
}

const EXPLANATIONS: Record<string, Explanation> = {
  NOT_ENOUGH_RUNS: {
    title: "Not enough finished runs yet",
    text: "At least two finished runs are needed. This chart appears by itself as soon as they are there.",
  },
  NO_METRIC: {
    title: "This sweep has no metric for it",
    text: "Without a metric no run is better than another. Name one under “metric” in the config of the next sweep.",
  },
  SEVERAL_METRICS: {
    title: "This sweep has several metrics",
    text: "Choose one of them to see this chart.",
  },
};

/** Returns what to say instead of an error; undefined for a real one. */
export function explain(problem: Problem): Explanation | undefined {
  return EXPLANATIONS[problem.reason];
}
