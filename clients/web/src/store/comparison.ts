import { Goal, type Metric, type Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { Direction } from "./matchingRows";

/** What sweeps are compared by: a metric's name, or the only metric that each of them has. */
export type MetricChoice = { readonly name: string } | "own";

/** A sweep that is not in the charts. */
export interface Incomparable {
  readonly sweepId: string;
  readonly reason: string;
}

/** The sweeps whose objectives mean the same. */
export interface Comparison {
  readonly choice: MetricChoice | undefined;
  /** The metric as the analysis service wants it; empty for the only one. */
  readonly metric: string;
  /** What stands at the axis. */
  readonly label: string;
  readonly goal: Direction;
  readonly sweepIds: readonly string[];
  readonly incomparable: readonly Incomparable[];
}

/** Returns what the sweeps can be compared by: what most of them have comes first. */
export function metricChoices(sweeps: readonly Sweep[]): MetricChoice[] {
  const counts = new Map<string, number>();
  for (const { name } of sweeps.flatMap(metricsOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  // Sorting keeps equal ones in their order.
  const named = [...counts].sort(([, one], [, other]) => other - one).map(([name]) => ({ name }));
  const single = sweeps.map(metricsOf).filter((metrics) => metrics.length === 1);
  const names = new Set(single.flat().map(({ name }) => name));
  return names.size > 1 ? [...named, "own"] : named;
}

/** Returns which of the sweeps can be compared by a metric, and why others can't. */
export function comparisonOf(
  sweeps: readonly Sweep[],
  { metric, own }: { readonly metric?: string; readonly own?: true },
): Comparison {
  const choices = metricChoices(sweeps);
  const chosen = choices.find((each) =>
    own === true ? each === "own" : each !== "own" && each.name === metric,
  );
  const choice = chosen ?? choices[0];
  const found = sweeps.map((sweep) => ({ sweep, metric: metricBy(sweep, choice) }));
  const maximizing = found.filter((each) => each.metric?.goal === Goal.MAXIMIZE).length;
  const having = found.filter((each) => each.metric !== undefined);
  const [first] = having;
  const isTie = 2 * maximizing === having.length;
  const isMaximizing = isTie
    ? first?.metric?.goal === Goal.MAXIMIZE
    : 2 * maximizing > having.length;
  const goal = isMaximizing ? "maximize" : "minimize";
  const isIncluded = (each: Metric | undefined) =>
    each !== undefined && (each.goal === Goal.MAXIMIZE) === isMaximizing;
  return {
    choice,
    metric: choice === undefined || choice === "own" ? "" : choice.name,
    label: choice === undefined ? "" : choice === "own" ? "objective" : choice.name,
    goal,
    sweepIds: found.flatMap((each) => (isIncluded(each.metric) ? each.sweep.sweepId : [])),
    incomparable: found.flatMap((each) =>
      isIncluded(each.metric)
        ? []
        : { sweepId: each.sweep.sweepId, reason: reasonOf(each.sweep, each.metric, choice, goal) },
    ),
  };
}

function metricsOf({ spec }: Sweep): readonly Metric[] {
  return spec?.metrics ?? [];
}

function metricBy(sweep: Sweep, choice: MetricChoice | undefined): Metric | undefined {
  const metrics = metricsOf(sweep);
  if (choice === "own") return metrics.length === 1 ? metrics[0] : undefined;
  return metrics.find(({ name }) => name === choice?.name);
}

function reasonOf(
  sweep: Sweep,
  metric: Metric | undefined,
  choice: MetricChoice | undefined,
  goal: Direction,
): string {
  const names = metricsOf(sweep).map(({ name }) => name);
  if (names.length === 0) return "It has no metric, so that none of its runs is better.";
  if (metric !== undefined) {
    const own = goal === "maximize" ? "minimizes" : "maximizes";
    return `It ${own} ${metric.name}; the sweeps in the charts ${goal} it.`;
  }
  if (choice === "own") {
    return `It has several metrics: ${names.join(", ")}. Choose one of them by its name.`;
  }
  return `It has no metric ${choice?.name ?? ""}; it has ${names.join(", ")}.`;
}
