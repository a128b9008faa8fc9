import type {
  Parameter,
  ParameterCondition,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb";
import type { SweepSpec } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { parameterText } from "./parameterText";
import type { PriorRow, PriorRunText } from "./priorRunText";

/** What a look at runs shows before they are sent; the server checks them again. */
export interface PriorRunCheck {
  readonly fit: number;
  /** The problems of rows, by the index of the row. */
  readonly problems: ReadonlyMap<number, readonly string[]>;
  /** Columns that are no parameter and no metric of the sweep. */
  readonly ignored: readonly string[];
}

const FIXED = new Set(["state", "last_step", "error"]);
const RESULTS = new Set(["FINISHED", "PRUNED", "FAILED"]);

/** Returns which runs do not fit a sweep, and why. */
export function checkPriorRuns({ names, rows }: PriorRunText, spec: SweepSpec): PriorRunCheck {
  const parameters = spec.searchSpace?.parameters ?? [];
  const metrics = spec.metrics.map(({ name }) => name);
  const wanted = new Set([
    ...FIXED,
    ...parameters.flatMap(({ name }) => [name, `parameters.${name}`]),
    ...metrics.flatMap((name) => [name, `metrics.${name}`]),
  ]);
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const problems = new Map<number, string[]>();
  rows.forEach((row, index) => {
    const found = [
      ...(row.problem === undefined ? [] : [row.problem]),
      ...(row.problem === undefined ? problemsOf(row, byName, metrics) : []),
    ];
    if (found.length > 0) problems.set(index, found);
  });
  return {
    fit: rows.length - problems.size,
    problems,
    ignored: names.filter((name) => !wanted.has(name)),
  };
}

function problemsOf(
  row: PriorRow,
  parameters: ReadonlyMap<string, Parameter>,
  metrics: readonly string[],
): string[] {
  const problems: string[] = [];
  for (const parameter of parameters.values()) {
    if (!isActive(row, parameter, parameters, 0)) continue;
    const text = priorValue(row, "parameters", parameter.name);
    const problem =
      text === undefined ? `has no value of ${parameter.name}` : problemOfValue(parameter, text);
    if (problem !== undefined) problems.push(problem);
  }
  const state = (row.values.get("state") ?? "FINISHED").toUpperCase();
  if (!RESULTS.has(state)) return [...problems, `is ${state}, which is no result`];
  for (const name of metrics) {
    const text = priorValue(row, "metrics", name);
    if (text === undefined) {
      if (state === "FINISHED" && !row.values.has("error"))
        problems.push(`has no value of ${name}`);
    } else if (state === "FINISHED" && !Number.isFinite(numberOf(text))) {
      problems.push(`${name}: ${text} is not a finite number`);
    }
  }
  return problems;
}

/** Returns a row's value; `kind.NAME` goes before the plain name. */
export function priorValue(
  { values }: PriorRow,
  kind: "parameters" | "metrics",
  name: string,
): string | undefined {
  return values.get(`${kind}.${name}`) ?? values.get(name);
}

const DEEPEST = 25;

function isActive(
  row: PriorRow,
  parameter: Parameter,
  parameters: ReadonlyMap<string, Parameter>,
  depth: number,
): boolean {
  return parameter.conditions.every((condition) => {
    const parent = parameters.get(condition.parameter);
    return (
      parent !== undefined &&
      depth < DEEPEST &&
      isActive(row, parent, parameters, depth + 1) &&
      isMet(condition, priorValue(row, "parameters", condition.parameter))
    );
  });
}

function isMet({ values }: ParameterCondition, text: string | undefined): boolean {
  return text !== undefined && values.some((value) => isSame(parameterText(value), text));
}

function isSame(wanted: string, text: string): boolean {
  if (wanted === text) return true;
  if (text.toLowerCase() === wanted) return true;
  return Number.isFinite(numberOf(wanted)) && numberOf(wanted) === numberOf(text);
}

function problemOfValue({ name, distribution }: Parameter, text: string): string | undefined {
  switch (distribution.case) {
    case "constant":
    case "categorical": {
      const choices =
        distribution.case === "constant"
          ? distribution.value.value === undefined
            ? []
            : [distribution.value.value]
          : distribution.value.values;
      const isJson = choices.some(({ kind }) => kind.case === "jsonValue");
      if (isJson || choices.some((choice) => isSame(parameterText(choice), text))) return undefined;
      return `${name}: ${text} is not one of its values`;
    }
    case "uniform":
    case "intUniform":
    case "logUniform":
    case "intLogUniform": {
      const { min, max } = distribution.value;
      return problemOfNumber(name, text, Number(min), Number(max));
    }
    case "beta":
      return problemOfNumber(name, text, 0, 1);
    default:
      return problemOfNumber(name, text, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }
}

function problemOfNumber(name: string, text: string, min: number, max: number): string | undefined {
  const value = numberOf(text);
  if (Number.isNaN(value)) return `${name}: ${text} is not a number`;
  if (value < min || value > max) return `${name}: ${text} is not between ${min} and ${max}`;
  return undefined;
}

function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
