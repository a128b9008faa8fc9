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
