import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import type {
  AlgorithmChoice,
  EarlyTermination,
  Hyperband,
} from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatCount, formatValue } from "./format";
import { type Curve, finiteValues, valueAtIteration } from "./learningCurves";
import type { Direction } from "./matchingRows";

/** A place at which a rule compares runs. */
export interface Rung {
  /** The iteration, counted from 1, or the step. */
  readonly at: number;
  /** The value that a run needs there; undefined where it is not known. */
  readonly cut: number | undefined;
  /** The runs that it follows from. */
  readonly compared: number;
}

/** What a rule of early termination looks like among learning curves. */
export interface StopRule {
  readonly title: string;
  /** What its lines mean. */
  readonly text: string;
  readonly unit: "iteration" | "step";
  readonly rungs: readonly Rung[];
  /** The value that a run needs at each step. */
  readonly course: readonly Rung[];
  /** Values that no run may pass. */
  readonly levels: readonly { readonly label: string; readonly value: number }[];
}

const NOTHING = { unit: "step", rungs: [], course: [], levels: [] } as const;

/** Returns the rule of a sweep over the curves that it compares; undefined if it has none. */
export function stopRuleOf(
  rule: EarlyTermination | undefined,
  curves: readonly Curve[],
  goal: Direction,
): StopRule | undefined {
  if (rule?.rule.case === "hyperband") return hyperband(rule.rule.value, curves, goal);
  if (rule?.rule.case === "pruner") return prunerRule(rule.rule.value, curves, goal);
  return undefined;
}

function hyperband(rule: Hyperband, curves: readonly Curve[], goal: Direction): StopRule {
  const eta = rule.eta || 3;
  const longest = Math.max(0, ...curves.map(({ pointCount }) => pointCount));
  const rungs = hyperbandRungs(rule, longest).map((at) => {
    const values = curves.flatMap((curve) => valueAtIteration(curve, at) ?? []);
    const cut = bestFirst(values, goal)[
      Math.min(Math.floor(values.length / eta), values.length - 1)
    ];
    return { at, cut, compared: values.length };
  });
  return {
    ...NOTHING,
    title: `Hyperband, eta ${formatValue(eta)}`,
    text: `At each rung, a run goes on if its ${rule.strict === false ? "best value so far" : "value"} is at least as good as the mark. The best 1/${formatValue(eta)} of all runs that got as far are that good.`,
    unit: "iteration",
    rungs,
  };
}

/** Returns the rungs up to an iteration, ascending and counted from 1. */
export function hyperbandRungs(
  { minIter, maxIter, eta: given, s }: Pick<Hyperband, "minIter" | "maxIter" | "eta" | "s">,
  longest: number,
): number[] {
  const eta = given || 3;
  const exact: number[] = [];
  if (minIter > 0n) {
    for (let at = Number(minIter); at < longest + 1 && eta > 1; at *= eta) exact.push(at);
  } else {
    for (let rung = s; rung >= 1; rung--) exact.push(Number(maxIter) / eta ** rung);
  }
  const rungs = [...new Set(exact.map(Math.trunc))];
  return rungs.filter((at) => at >= 1 && at <= longest);
}

function prunerRule(choice: AlgorithmChoice, curves: readonly Curve[], goal: Direction): StopRule {
  const option = (name: string, other: number) => numberOf(choice, name) ?? other;
  const title = `Pruner: ${choice.name.replaceAll("_", " ")}`;
  const common = { ...NOTHING, title };
  if (choice.name === "median" || choice.name === "percentile") {
    const percent = choice.name === "median" ? 50 : option("percentile", 50);
    const share = percent === 50 ? "median" : `best ${formatValue(percent)} %`;
    return {
      ...common,
      text: `A run stops if its best value so far is worse than the dashed line: the ${share} of the finished runs' values at the same step.`,
      course: percentileCourse(curves, goal, percent, {
        startup: option("n_startup_trials", 5),
        warmup: option("n_warmup_steps", 0),
        interval: option("interval_steps", 1),
        least: option("n_min_trials", 1),
      }),
    };
  }
  if (choice.name === "successive_halving") return successiveHalving(choice, curves, goal, title);
  if (choice.name === "hyperband") {
    const longest = longestStep(curves);
    const steps = ladder(option("min_resource", 1), option("reduction_factor", 3), longest);
    return {
      ...common,
      text: "Each run belongs to a bracket, which begins at one of these rungs. A run is compared with its bracket only, so that no one value decides at a rung.",
      rungs: steps.map((at) => ({ at, cut: undefined, compared: 0 })),
    };
  }
  if (choice.name === "threshold") {
    const levels = (["lower", "upper"] as const).flatMap((label) => {
      const value = numberOf(choice, label);
      return value === undefined ? [] : [{ label, value }];
    });
    return { ...common, text: "A run stops when a value passes one of the lines.", levels };
  }
  if (choice.name === "wilcoxon") {
    const text =
      "A run stops when a signed-rank test finds it worse than the best finished run; no line shows this test.";
    return { ...common, text };
  }
  const patience = formatCount(option("patience", 0));
  const text = `A run stops when its best value is older than ${patience} further values; the limit differs from run to run, so that no line shows it.`;
  return { ...common, text };
}

function successiveHalving(
  choice: AlgorithmChoice,
  curves: readonly Curve[],
  goal: Direction,
  title: string,
): StopRule {
  const factor = numberOf(choice, "reduction_factor") ?? 4;
  const rate = numberOf(choice, "min_early_stopping_rate") ?? 0;
  const first = finishedOf(curves).sort((one, other) => one.number - other.number)[0];
  const learned =
    first === undefined ? undefined : Math.max(Math.trunc((first.steps.at(-1) ?? 0) / 100), 1);
  const resource = numberOf(choice, "min_resource") ?? learned;
  const common = { ...NOTHING, title };
  if (resource === undefined) {
    return { ...common, text: "The rungs follow from the length of the first finished run." };
  }
  const rungs = ladder(resource * factor ** rate, factor, longestStep(curves)).map((at) => {
    const values = curves.flatMap((curve) => (isExact(curve) ? (valueFrom(curve, at) ?? []) : []));
    const cut = bestFirst(values, goal)[Math.max(Math.floor(values.length / factor) - 1, 0)];
    return { at, cut, compared: values.length };
  });
  return {
    ...common,
    text: `At each rung, a run goes on if its value is at least as good as the mark. The best 1/${factor} of all runs that got as far are that good.`,
    rungs,
  };
}

function ladder(first: number, factor: number, longest: number): number[] {
  const steps: number[] = [];
  for (let at = first; at <= longest && factor > 1 && at >= 1; at *= factor) steps.push(at);
  return steps;
}

interface PercentileOptions {
  readonly startup: number;
  readonly warmup: number;
  readonly interval: number;
  readonly least: number;
}

const MOST_STEPS = 2_000;

function percentileCourse(
  curves: readonly Curve[],
  goal: Direction,
  percent: number,
  { startup, warmup, interval, least }: PercentileOptions,
): Rung[] {
  const finished = finishedOf(curves).filter(isExact);
  if (finished.length < Math.max(startup, 1)) return [];
  const byStep = new Map<number, number[]>();
  for (const { steps, values } of finished) {
    for (const [index, step] of steps.entries()) {
      const value = values[index] ?? Number.NaN;
      if (Number.isNaN(value) || step < warmup || (step - warmup) % interval !== 0) continue;
      const there = byStep.get(step);
      if (there === undefined) byStep.set(step, [value]);
      else there.push(value);
    }
  }
  const share = (goal === "minimize" ? percent : 100 - percent) / 100;
  return [...byStep]
    .filter(([, values]) => values.length >= least)
    .sort(([one], [other]) => one - other)
    .slice(0, MOST_STEPS)
    .map(([at, values]) => ({ at, cut: quantile(values, share), compared: values.length }));
}

/** Returns the value at a share of the values, between its neighbors by distance. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? below;
  return above === below ? below : below + (above - below) * (place - Math.floor(place));
}

function bestFirst(values: readonly number[], goal: Direction): number[] {
  const sign = goal === "minimize" ? 1 : -1;
  return [...values].sort((one, other) => sign * (one - other));
}

function finishedOf(curves: readonly Curve[]): Curve[] {
  return curves.filter(({ state }) => state === RunState.FINISHED);
}

/** Whether a curve has every value that its run reported. */
function isExact({ pointCount, values }: Curve): boolean {
  return pointCount === values.length;
}

/** Returns the first value at a step or later. */
function valueFrom({ steps, values }: Curve, step: number): number | undefined {
  return values.find((value, index) => (steps[index] ?? 0) >= step && !Number.isNaN(value));
}

function longestStep(curves: readonly Curve[]): number {
  return Math.max(0, ...curves.map(({ steps }) => steps.at(-1) ?? 0));
}

function numberOf({ options }: AlgorithmChoice, name: string): number | undefined {
  const kind = options[name]?.kind;
  if (kind?.case === "intValue" || kind?.case === "doubleValue") return Number(kind.value);
  return undefined;
}

/** Returns the step at which most of the runs have their n-th finite value. */
export function stepOfIteration(curves: readonly Curve[], iteration: number): number | undefined {
  const steps = curves.flatMap((curve) => finiteValues(curve)[iteration - 1]?.step ?? []);
  return steps.sort((one, other) => one - other)[steps.length >> 1];
}
