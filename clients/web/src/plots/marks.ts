/** What a reader can point at in a drawing. */
export interface Mark {
  /** In CSS pixels of the canvas. */
  readonly x: number;
  readonly y: number;
  readonly title: string;
  /** Names and values. */
  readonly facts: readonly (readonly [string, string])[];
  /** The number of the run that the mark stands for, if it is one run. */
  readonly run?: number;
  /** A line that the mark belongs to, as an SVG path in CSS pixels of the canvas. */
  readonly path?: string;
}

/** The marks of a drawing. */
export interface Marks {
  /** The marks in the order in which the keyboard goes through them. */
  readonly order: () => ArrayLike<number>;
  /** Returns the mark near a place of the canvas. */
  readonly find: (x: number, y: number) => number | undefined;
  readonly describe: (mark: number) => Mark | undefined;
}

/** Returns a line through points as an SVG path; it is broken where a point has no place. */
export function pathOf(xs: ArrayLike<number>, ys: ArrayLike<number>): string {
  let path = "";
  let isOpen = false;
  for (let index = 0; index < xs.length; index++) {
    const [x, y] = [xs[index] ?? Number.NaN, ys[index] ?? Number.NaN];
    const hasPlace = Number.isFinite(x) && Number.isFinite(y);
    if (hasPlace) path += `${isOpen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isOpen = hasPlace;
  }
  return path;
}

/** Returns the place in the order that a key leads to; undefined for a key that leads nowhere. */
export function placeAfterKey(key: string, place: number, count: number): number | undefined {
  if (count === 0) return undefined;
  const far = Math.max(1, Math.floor(count / 20));
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowDown: 1,
    ArrowLeft: -1,
    ArrowUp: -1,
    PageDown: far,
    PageUp: -far,
  };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = steps[key];
  if (step === undefined) return undefined;
  // Before the first key, no mark is chosen.
  if (place < 0) return step > 0 ? 0 : count - 1;
  return Math.min(Math.max(place + step, 0), count - 1);
}
