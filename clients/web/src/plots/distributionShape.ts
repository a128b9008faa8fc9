import { betaCumulative, normalCumulative } from "./cumulative";

/** A part of an axis, and the probability of a draw in it. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly probability: number;
}

/** A single value, and its probability. */
export interface Step {
  readonly value: number;
  readonly probability: number;
}

/** A choice, and its probability. */
export interface Choice {
  readonly text: string;
  readonly probability: number;
}

/** What a plot of a distribution draws. */
export type DistributionShape =
  | {
      readonly kind: "density";
      readonly isLog: boolean;
      readonly parts: readonly Part[];
      /** The least and the largest value, or where the drawing of an endless one ends. */
      readonly range: readonly [number, number];
    }
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  | { readonly kind: "choices"; readonly choices: readonly Choice[]; readonly total: number };

const PARTS = 64;
const MOST_STEPS = 32;
const MOST_CHOICES = 24;
// A distribution without bounds is drawn this far: about a thousandth of the draws lie beyond.
const TAIL_DEVIATIONS = 3.1;

type Numbers = Readonly<Record<string, number | undefined>>;

/** Where draws without steps lie, and how they are distributed. */
interface Smooth {
  readonly low: number;
  readonly high: number;
  readonly isLog: boolean;
  readonly cumulative: (x: number) => number;
}

/** The values of a distribution with steps: `origin` + any integer × `step`, within limits. */
interface Grid {
  readonly origin: number;
  readonly step: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Returns the shape of a distribution of numbers; undefined if its numbers make none.
 *
 * @param distribution The name.
 * @param numbers The numbers by their keys.
 * @param areIntegers Whether all given bounds and steps are written as integers.
 */
export function shapeOfNumbers(
  distribution: string,
  numbers: Numbers,
  areIntegers: boolean,
): DistributionShape | undefined {
  const isIntLog = distribution === "log_uniform" && areIntegers;
  const smooth = smoothOf(distribution, numbers, isIntLog);
  if (smooth === undefined) return undefined;
  if (!(smooth.low < smooth.high) || !Number.isFinite(smooth.high - smooth.low)) return undefined;
  const grid = gridOf(distribution, numbers, smooth, isIntLog);
  if (grid === undefined) return densityShape(smooth, [smooth.low, smooth.high]);
  if (!(grid.step > 0) || !Number.isFinite(grid.last - grid.first)) return undefined;
  const isEven = distribution === "int_uniform" || distribution === "uniform";
  if (grid.last - grid.first >= MOST_STEPS) {
    // So fine a grid looks continuous.
    const { min = smooth.low, max = smooth.high } = numbers;
    return densityShape(smooth, [min, max]);
  }
  return { kind: "steps", steps: stepsOf(smooth, grid, isEven) };
}

function smoothOf(distribution: string, numbers: Numbers, isIntLog: boolean): Smooth | undefined {
  const { min, max, mu = 0, sigma = 1, a = 1, b = 1 } = numbers;
  const plain = distribution.replace(/^q_/, "");
  if (plain === "beta") {
    if (!(a > 0 && b > 0)) return undefined;
    return { low: 0, high: 1, isLog: false, cumulative: betaCumulative(a, b) };
  }
  if (plain === "normal" || plain === "log_normal") {
    const below = normalCumulative(mu, sigma);
    const [low, high] = [mu - TAIL_DEVIATIONS * sigma, mu + TAIL_DEVIATIONS * sigma];
    if (plain === "normal") return { low, high, isLog: false, cumulative: below };
    return {
      low: Math.exp(low),
      high: Math.exp(high),
      isLog: true,
      cumulative: (x) => (x > 0 ? below(Math.log(x)) : 0),
    };
  }
  if (min === undefined || max === undefined) return undefined;
  if (plain === "uniform" || plain === "int_uniform") {
    return {
      low: min,
      high: max,
      isLog: false,
      cumulative: (x) => within((x - min) / (max - min)),
    };
  }
  if (!plain.includes("log_uniform") || !(min > 0)) return undefined;
  // Integers reach half a step beyond the bounds, so that the bounds are as likely as others.
  const [low, high] = isIntLog ? [min - 0.5, max + 0.5] : [min, max];
  const width = Math.log(high) - Math.log(low);
  return {
    low,
    high,
    isLog: true,
    cumulative: (x) => (x > 0 ? within((Math.log(x) - Math.log(low)) / width) : 0),
  };
}

function gridOf(
  distribution: string,
  { min = 0, max = 0, q }: Numbers,
  smooth: Smooth,
  isIntLog: boolean,
): Grid | undefined {
  const isUnbounded = distribution.includes("normal") || distribution.includes("beta");
  if (distribution.startsWith("q_") || (isUnbounded && q !== undefined)) {
    const step = q ?? 1;
    const first = Math.round(smooth.low / step);
    return { origin: 0, step, first, last: Math.round(smooth.high / step) };
  }
  const step = q ?? (distribution === "int_uniform" || isIntLog ? 1 : undefined);
  if (step === undefined) return undefined;
  // A little more than the quotient, since 0.5 / 0.1 is below 5 in doubles.
  return { origin: min, step, first: 0, last: Math.floor((max - min) / step + 1e-9) };
}

function stepsOf(smooth: Smooth, grid: Grid, isEven: boolean): Step[] {
  const count = grid.last - grid.first + 1;
  return Array.from({ length: count }, (_, index) => {
    const at = (offset: number) => grid.origin + (grid.first + index + offset) * grid.step;
    const below = index === 0 ? 0 : smooth.cumulative(at(-0.5));
    const upTo = index === count - 1 ? 1 : smooth.cumulative(at(0.5));
    return { value: rounded(at(0)), probability: isEven ? 1 / count : upTo - below };
  });
}

function densityShape(smooth: Smooth, range: readonly [number, number]): DistributionShape {
  return { kind: "density", isLog: smooth.isLog, parts: partsOf(smooth), range };
}

function partsOf({ low, high, isLog, cumulative }: Smooth): Part[] {
  const at = (index: number) => {
    const share = index / PARTS;
    return isLog ? low * (high / low) ** share : low + (high - low) * share;
  };
  return Array.from({ length: PARTS }, (_, index) => {
    const [from, to] = [at(index), at(index + 1)];
    return { from, to, probability: cumulative(to) - cumulative(from) };
  });
}

/** Returns the height of a part on its axis: its probability by its width there. */
export function densityOf({ from, to, probability }: Part, isLog: boolean): number {
  return probability / (isLog ? Math.log(to / from) : to - from);
}

/**
 * Returns the shape of a choice of values.
 *
 * @param texts The values.
 * @param probabilities One for each value; undefined if all are equally likely.
 */
export function shapeOfChoices(
  texts: readonly string[],
  probabilities: readonly number[] | undefined,
): DistributionShape | undefined {
  if (texts.length === 0) return undefined;
  if (probabilities?.some((each) => !(each >= 0))) return undefined;
  const choices = texts.slice(0, MOST_CHOICES).map((text, index) => ({
    text,
    probability: probabilities === undefined ? 1 / texts.length : (probabilities[index] ?? 0),
  }));
  return { kind: "choices", choices, total: texts.length };
}

function within(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

// Three steps of 0.1 are 0.3.
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
