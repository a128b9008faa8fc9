import { countUpTo } from "./scoredRuns";

/** The empirical distribution function of some values: a step at each of them. */
export interface Distribution {
  /** Ascending, each once. */
  readonly values: Float64Array;
  /** The share of all values that are at most each of these. */
  readonly shares: Float64Array;
}

/** Returns the distribution of finite values at no more than `most` of them, the ends included. */
export function distributionOf(values: Float64Array, most: number): Distribution {
  const sorted = values.slice().sort();
  const steps = Math.min(sorted.length, most);
  const kept: number[] = [];
  for (let step = 0; step < steps; step++) {
    const at = steps === 1 ? 0 : Math.round((step * (sorted.length - 1)) / (steps - 1));
    const value = sorted[at] as number;
    if (value !== kept.at(-1)) kept.push(value);
  }
  return {
    values: Float64Array.from(kept),
    shares: Float64Array.from(kept, (value) => countUpTo(sorted, value) / sorted.length),
  };
}

/** Returns the share of values that are at most a value. */
export function shareUpTo({ values, shares }: Distribution, value: number): number {
  return shares[countUpTo(values, value) - 1] ?? 0;
}
