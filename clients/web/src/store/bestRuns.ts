import type { Direction } from "./matchingRows";
import type { Column } from "./runTable";

/** An objective and which end of it is better. */
export interface Objective {
  readonly column: Column;
  readonly goal: Direction;
}

/** The most runs of a front that are looked for, so that a drag of a brush does not wait for it. */
const MOST_OF_FRONT = 300;

/**
 * Returns the best rows that match: by the objective, the best first; of several objectives, rows
 * of the Pareto front, spread over it. Rows that lack an objective are left out.
 */
export function bestRows(
  objectives: readonly Objective[],
  mask: Uint8Array,
  most: number,
): number[] {
  const [objective, ...others] = objectives;
  if (objective === undefined || most === 0) return [];
  if (others.length === 0) return bestOfOne(objective, mask, most);
  const front = frontRows(objectives, mask);
  if (front.length <= most) return front;
  const step = most === 1 ? 0 : (front.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => front[Math.round(index * step)] ?? 0);
}

function bestOfOne({ column, goal }: Objective, mask: Uint8Array, most: number): number[] {
  const sign = goal === "minimize" ? 1 : -1;
  const lossOf = (row: number) => sign * (column.values[row] ?? Number.NaN);
  const best: number[] = [];
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1) continue;
    const loss = lossOf(row);
    if (Number.isNaN(loss)) continue;
    if (best.length === most && loss >= lossOf(best[most - 1] ?? row)) continue;
    let place = best.length;
    while (place > 0 && lossOf(best[place - 1] ?? row) > loss) place--;
    best.splice(place, 0, row);
    if (best.length > most) best.pop();
  }
  return best;
}

/** Returns rows that no other row beats in every objective, the best in the first one first. */
function frontRows(objectives: readonly Objective[], mask: Uint8Array): number[] {
  const losses = objectives.map(({ column, goal }): LossOf => {
    const sign = goal === "minimize" ? 1 : -1;
    return (row) => sign * (column.values[row] ?? Number.NaN);
  });
  const rows: number[] = [];
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && losses.every((lossOf) => !Number.isNaN(lossOf(row)))) rows.push(row);
  }
  const beats = (one: number, other: number) =>
    losses.every((lossOf) => lossOf(one) <= lossOf(other)) &&
    losses.some((lossOf) => lossOf(one) < lossOf(other));
  // Most rows are far behind the one that is good in everything, and need not be sorted.
  const allRounder = allRounderOf(rows, losses);
  const candidates = rows.filter((row) => !beats(allRounder, row));
  // In this order, only an earlier row can beat a later one.
  candidates.sort((one, other) => {
    for (const lossOf of losses) {
      const [first, second] = [lossOf(one), lossOf(other)];
      // Two infinite losses have no difference.
      if (first !== second) return first < second ? -1 : 1;
    }
    return one - other;
  });
  const front: number[] = [];
  for (const row of candidates) {
    if (front.length === MOST_OF_FRONT) break;
    if (!front.some((other) => beats(other, row))) front.push(row);
  }
  return front;
}

type LossOf = (row: number) => number;

/** Returns the row whose losses, each as a share of their range, have the least sum. */
function allRounderOf(rows: readonly number[], losses: readonly LossOf[]): number {
  const ranges = losses.map((lossOf) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const row of rows) {
      const loss = lossOf(row);
      if (!Number.isFinite(loss)) continue;
      low = Math.min(low, loss);
      high = Math.max(high, loss);
    }
    return { low, size: high > low ? high - low : 1 };
  });
  let best = rows[0] ?? 0;
  let least = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    let sum = 0;
    losses.forEach((lossOf, index) => {
      const { low = 0, size = 1 } = ranges[index] ?? {};
      sum += (lossOf(row) - low) / size;
    });
    if (sum < least) [least, best] = [sum, row];
  }
  return best;
}
