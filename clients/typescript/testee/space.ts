import { toBinary } from "@bufbuild/protobuf";
import { SweepSpecSchema } from "../src/gen/wanllmdb/api/registry/v1/sweep_pb.js";
import * as sweeps from "../src/index.js";
import { type Description, native } from "./described.js";
import { type Encoded, encoded } from "./values.js";

type Numbers = Readonly<Record<string, number>>;

/** One distribution by its name, and the conditions of its parameter. */
interface GivenParameter {
  readonly when?: Readonly<Record<string, readonly Description[]>>;
  readonly constant?: Description;
  readonly categorical?: {
    readonly values: readonly Description[];
    readonly probabilities?: readonly number[];
  };
  readonly quantized?: { readonly distribution: GivenParameter; readonly q: Description };
  readonly [kind: string]: unknown;
}

interface GivenAlgorithm {
  readonly name: string;
  readonly options?: Readonly<Record<string, Description>>;
}

interface GivenMetric {
  readonly name: string;
  readonly goal?: "minimize" | "maximize";
  readonly target?: number;
  readonly value?: "last" | "best" | "mean_last";
  readonly mean_over?: number;
  readonly impute?: "worst" | "best" | "latest";
  readonly impute_while_running?: "worst" | "best" | "latest";
}

/** A sweep, with the names of SweepSpec's fields. */
export interface GivenSweep {
  readonly method: "random" | "grid" | "bayes";
  readonly parameters: Readonly<Record<string, GivenParameter>>;
  readonly metrics?: readonly GivenMetric[];
  readonly early_termination?: {
    readonly hyperband?: Numbers & { readonly strict?: boolean };
    readonly pruner?: GivenAlgorithm;
  };
  readonly run_cap?: number;
  readonly seed?: number;
  readonly retries?: { readonly lost?: number; readonly failed?: number };
  readonly sampler?: GivenAlgorithm;
  readonly terminator?: GivenAlgorithm;
  readonly constraints?: readonly string[];
  readonly max_failed_runs?: number;
  readonly program?: string;
  readonly command?: readonly string[];
  readonly args_style?: "flat" | "wandb";
}

const METHODS = { random: sweeps.random, grid: sweeps.grid, bayes: sweeps.bayes };

/** Returns the SweepSpec that the builders make of a description. */
export function buildSweep(given: GivenSweep): Encoded {
  const space = Object.fromEntries(
    Object.entries(given.parameters).map(([name, each]) => [name, parameter(each)]),
  );
  let sweep = METHODS[given.method]((given.metrics ?? []).map(objective), space);
  const rule = given.early_termination;
  if (rule?.hyperband !== undefined) {
    const { min_iter: minIter, max_iter: maxIter, s, eta, strict } = rule.hyperband;
    sweep = sweep.hyperband(defined({ minIter, maxIter, s, eta, strict }));
  }
  if (rule?.pruner !== undefined) sweep = sweep.pruner(rule.pruner.name, optionsOf(rule.pruner));
  const { sampler, terminator } = given;
  if (sampler !== undefined) sweep = sweep.sampler(sampler.name, optionsOf(sampler));
  if (terminator !== undefined) sweep = sweep.terminator(terminator.name, optionsOf(terminator));
  if (given.run_cap !== undefined) sweep = sweep.runCap(given.run_cap);
  if (given.seed !== undefined) sweep = sweep.seed(given.seed);
  if (given.retries !== undefined) sweep = sweep.retries(given.retries);
  if (given.constraints !== undefined) sweep = sweep.constraints(...given.constraints);
  if (given.max_failed_runs !== undefined) sweep = sweep.maxFailedRuns(given.max_failed_runs);
  const { program, command, args_style: argsStyle } = given;
  sweep = sweep.program(defined({ program, command, argsStyle }));
  return encoded(toBinary(SweepSpecSchema, sweep.toSpec()));
}

function parameter(given: GivenParameter): sweeps.Distribution<unknown> {
  const { when, ...rest } = given;
  const distribution = distributionOf(rest);
  if (when === undefined) return distribution;
  return distribution.when(
    Object.fromEntries(Object.entries(when).map(([name, values]) => [name, values.map(native)])),
  );
}

function distributionOf(given: GivenParameter): sweeps.Distribution<unknown> {
  if (given.constant !== undefined) return sweeps.constant(native(given.constant));
  if (given.categorical !== undefined) {
    const { values, probabilities } = given.categorical;
    return sweeps.choice(values.map(native), probabilities);
  }
  if (given.quantized !== undefined) {
    const { distribution, q } = given.quantized;
    const inner = distributionOf(distribution) as sweeps.Distribution<number>;
    const step = Number(q.type === "int" || q.type === "float" ? q.value : Number.NaN);
    return q.type === "int" ? sweeps.intQuantized(inner, step) : sweeps.quantized(inner, step);
  }
  const [kind = "", numbers] = Object.entries(given)[0] ?? [];
  const { min = 0, max = 0, mu, sigma, a = 0, b = 0, ...steps } = numbers as Numbers;
  switch (kind) {
    case "uniform":
      return sweeps.uniform(min, max, steps);
    case "int_uniform":
      return sweeps.int(min, max, steps);
    case "log_uniform":
      return sweeps.logUniform(min, max, steps);
    case "int_log_uniform":
      return sweeps.intLogUniform(min, max, steps);
    case "normal":
      return sweeps.normal(mu, sigma);
    case "log_normal":
      return sweeps.logNormal(mu, sigma);
    case "beta":
      return sweeps.beta(a, b);
    default:
      throw new Error(`there is no distribution ${kind}`);
  }
}

function objective(given: GivenMetric): sweeps.Objective {
  const { name, goal = "minimize", target, value, impute } = given;
  const { mean_over: meanOver, impute_while_running: imputeWhileRunning } = given;
  return {
    ...(goal === "minimize" ? { minimize: name } : { maximize: name }),
    ...defined({ target, value, meanOver, impute, imputeWhileRunning }),
  };
}

function optionsOf({ options = {} }: GivenAlgorithm): sweeps.AlgorithmOptions {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, native(value)]));
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Returns the entries that have a value. */
function defined<T extends object>(entries: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
