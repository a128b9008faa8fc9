/** Values of a metric that a run reported as it went. */
export interface Curve {
  readonly number: number;
  /** A number of RunState. */
  readonly state: number;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** How many values the run reported; more than there are here if they are a sample. */
  readonly pointCount: number;
  /** Seconds since the run's start, for each value; absent if they were not read. */
  readonly seconds?: readonly number[];
}

/** What the horizontal axis of learning curves shows. */
export type CurveAxis = "step" | "iteration" | "time";

export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/** Returns the finite values of a curve with their steps. */
export function finiteValues({ steps, values }: Curve): CurvePoint[] {
  return values.flatMap((value, index) =>
    Number.isFinite(value) ? [{ step: steps[index] ?? 0, value }] : [],
  );
}

/** Returns the n-th finite value, counted from 1; undefined if there is none or it is not known. */
export function valueAtIteration(curve: Curve, iteration: number): number | undefined {
  if (curve.pointCount !== curve.values.length) return undefined;
  return finiteValues(curve)[iteration - 1]?.value;
}

/** Returns the places of a curve's values on an axis. */
export function curvePlaces(curve: Curve, axis: CurveAxis): number[] {
  if (axis === "time") return [...(curve.seconds ?? curve.values.map(() => Number.NaN))];
  if (axis === "step") return [...curve.steps];
  // A sample has every k-th value.
  const every = curve.pointCount / Math.max(curve.values.length, 1);
  let count = 0;
  return curve.values.map((value) => {
    if (Number.isFinite(value)) count += 1;
    return Math.round(count * every);
  });
}

/** Which runs' curves are shown. */
export type CurveChoice = "best" | "latest" | "selected";

/** Reads numbers of runs out of a text: "0, 5 12" and "3-6"; what is none is ignored. */
export function runNumbersOf(text: string, most: number): number[] {
  const numbers = new Set<number>();
  for (const [, from, to] of text.matchAll(/(\d{1,9})(?:\s*[-–]\s*(\d{1,9}))?/g)) {
    const first = Number(from);
    const last = Math.min(to === undefined ? first : Number(to), first + most);
    for (let number = first; number <= last && numbers.size < most; number++) numbers.add(number);
  }
  return [...numbers].slice(0, most);
}
