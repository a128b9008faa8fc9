import type { ValueScale } from "../../../plots/objectiveAxis";
import type { CorrelationMethod } from "../../../store/correlations";
import type { CurveAxis, CurveChoice } from "../../../store/learningCurves";

/** What the address of the analysis holds beside the filter; fields at their defaults are left out. */
export interface AnalysisSearch {
  /** The metric that all charts show. */
  readonly metric?: string;
  /** How the metric's axes are spread; linear by default. */
  readonly scale?: ValueScale;
  /** The parameters of the contour and of the rank plot. */
  readonly x?: string;
  readonly y?: string;
  /** The parameters that slices show. */
  readonly slices?: readonly string[];
  readonly correlation?: CorrelationMethod;
  /** The learning curves' metric, runs and axis. */
  readonly curve?: string;
  readonly curves?: CurveChoice;
  readonly runs?: string;
  readonly count?: number;
  readonly by?: CurveAxis;
  /** The timeline's range, in seconds since its first run. */
  readonly from?: number;
  readonly to?: number;
  /** The page of agents, from 1. */
  readonly agents?: number;
}

/** The numbers of runs that learning curves offer. */
export const CURVE_COUNTS = [8, 20, 50, 100];

/** Reads the settings out of an address, and ignores what is none. */
export function parseAnalysisSearch(search: Record<string, unknown>): AnalysisSearch {
  const { slices, count, from, to, agents } = search;
  const names = Array.isArray(slices) ? [...new Set(slices.filter(isText))] : undefined;
  const hasRange = isNumber(from) && isNumber(to) && to > from;
  return {
    ...textOf(search, "metric"),
    ...oneOf(search, "scale", ["log"] as const),
    ...textOf(search, "x"),
    ...textOf(search, "y"),
    ...(names === undefined || names.length === 0 ? {} : { slices: names }),
    ...oneOf(search, "correlation", ["spearman"] as const),
    ...textOf(search, "curve"),
    ...oneOf(search, "curves", ["latest", "selected"] as const),
    ...textOf(search, "runs"),
    ...(CURVE_COUNTS.includes(Number(count)) ? { count: Number(count) } : {}),
    ...oneOf(search, "by", ["iteration", "time"] as const),
    ...(hasRange ? { from, to } : {}),
    ...(Number.isInteger(agents) && Number(agents) > 1 ? { agents: Number(agents) } : {}),
  };
}

function textOf<Name extends string>(search: Record<string, unknown>, name: Name) {
  const value = search[name];
  // The router reads "5" in an address as a number; a name may be one.
  if (typeof value === "number") return { [name]: String(value) } as Record<Name, string>;
  return (isText(value) ? { [name]: value } : {}) as Partial<Record<Name, string>>;
}

function oneOf<Name extends string, Value extends string>(
  search: Record<string, unknown>,
  name: Name,
  values: readonly Value[],
) {
  const value = values.find((each) => each === search[name]);
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, Value>>;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
