import type { ParameterValue } from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import {
  Goal,
  Method,
  type Sweep,
  SweepState,
  type SweepStats,
} from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatValue } from "./format";

/** The states in the order in which a page lists them, by their names in URLs. */
export const STATES = {
  pending: SweepState.PENDING,
  running: SweepState.RUNNING,
  paused: SweepState.PAUSED,
  finished: SweepState.FINISHED,
  failed: SweepState.FAILED,
  canceled: SweepState.CANCELED,
} as const;

export type StateName = keyof typeof STATES;

export const STATE_NAMES = Object.keys(STATES) as StateName[];

/** Returns the name of a state; undefined for one that this page does not know. */
export function stateName(state: SweepState): StateName | undefined {
  return STATE_NAMES.find((name) => STATES[name] === state);
}

/** Whether a text is the name of a state. */
export function isStateName(text: unknown): text is StateName {
  return typeof text === "string" && Object.hasOwn(STATES, text);
}

/** The methods by their names in URLs. */
export const METHODS = {
  random: Method.RANDOM,
  grid: Method.GRID,
  bayes: Method.BAYES,
} as const;

export type MethodName = keyof typeof METHODS;

export const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

/** Whether a text is the name of a method. */
export function isMethodName(text: unknown): text is MethodName {
  return typeof text === "string" && Object.hasOwn(METHODS, text);
}

/** Returns how a sweep chooses parameters, and how it stops bad runs; empty if it does not. */
export function methodOf({ spec }: Sweep): { sampler: string; stopping: string } {
  const rule = spec?.earlyTermination?.rule;
  const method = METHOD_NAMES.find((name) => METHODS[name] === spec?.method) ?? "";
  return {
    sampler: spec?.sampler?.name || method,
    stopping: (rule?.case === "pruner" ? rule.value.name : rule?.case) ?? "",
  };
}

/** What a user can do to a sweep. */
export type Action = "start" | "pause" | "resume" | "finish" | "cancel";

const ACTIONS: Partial<Record<SweepState, readonly Action[]>> = {
  [SweepState.PENDING]: ["start", "finish", "cancel"],
  [SweepState.RUNNING]: ["pause", "finish", "cancel"],
  [SweepState.PAUSED]: ["resume", "finish", "cancel"],
};

/** Returns what a sweep in this state allows; nothing once it has ended. */
export function actionsOf(state: SweepState): readonly Action[] {
  return ACTIONS[state] ?? [];
}

/** How far a sweep is. */
export interface Progress {
  /** Runs that ended, in whichever way. */
  readonly ended: number;
  /** Runs created so far. */
  readonly total: number;
  /** The most runs that it creates; undefined without a cap. */
  readonly cap: number | undefined;
  /** Ended runs per hour; undefined before the first one. */
  readonly perHour: number | undefined;
  /** The share of failed and lost runs among the ended ones; undefined before the first one. */
  readonly failureRate: number | undefined;
  /** Milliseconds until the cap at this rate; undefined unless it runs towards one. */
  readonly leftMs: number | undefined;
}

/** Returns how far a sweep is, and how long it will take at its present rate. */
export function progressOf(sweep: Sweep): Progress {
  const stats = sweep.stats;
  const ended = stats === undefined ? 0 : endedRuns(stats);
  const cap = sweep.spec?.runCap;
  const perHour = stats !== undefined && ended > 0 ? stats.endedRunsPerHour : undefined;
  const hasRate = perHour !== undefined && perHour > 0;
  const runs = sweep.state === SweepState.RUNNING && cap !== undefined && hasRate;
  return {
    ended,
    total: Number(stats?.totalRuns ?? 0n),
    cap: cap === undefined ? undefined : Number(cap),
    perHour,
    failureRate: ended > 0 ? stats?.failureRate : undefined,
    leftMs: runs ? (Math.max(Number(cap) - ended, 0) / perHour) * 3_600_000 : undefined,
  };
}

function endedRuns(stats: SweepStats): number {
  const { finishedRuns, prunedRuns, failedRuns, lostRuns, canceledRuns } = stats;
  return Number(finishedRuns + prunedRuns + failedRuns + lostRuns + canceledRuns);
}

/** The objective of the best run. */
export interface Best {
  readonly metric: string;
  readonly goal: "minimize" | "maximize";
  readonly value: string;
  readonly run: bigint;
}

/** Returns the objective of the best run with its metric; undefined while there is none. */
export function bestOf(sweep: Sweep): Best | undefined {
  const best = sweep.stats?.bestRun;
  if (best === undefined) return undefined;
  const metric = sweep.spec?.metrics[0];
  return {
    metric: metric?.name ?? "objective",
    goal: metric?.goal === Goal.MAXIMIZE ? "maximize" : "minimize",
    value: formatValue(best.objective),
    run: best.number ?? 0n,
  };
}

/** Returns a parameter's value as people read it; JSON for lists and objects. */
export function formatParameter({ kind }: ParameterValue): string {
  switch (kind.case) {
    case undefined:
      return "";
    case "nullValue":
      return "null";
    case "doubleValue":
      return formatValue(kind.value);
    default:
      return String(kind.value);
  }
}
