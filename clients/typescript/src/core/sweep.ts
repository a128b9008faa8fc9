import { create } from "@bufbuild/protobuf";
import { SearchSpaceSchema } from "../gen/wanllmdb/api/registry/v1/search_space_pb.js";
import {
  type AlgorithmChoice,
  AlgorithmChoiceSchema,
  ArgsStyle,
  type EarlyTermination,
  EarlyTerminationSchema,
  Goal,
  HyperbandSchema,
  Impute,
  Method,
  type Metric,
  MetricSchema,
  ObjectiveValue,
  RetryPolicySchema,
  type SweepSpec,
  SweepSpecSchema,
} from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import { InvalidArgumentError } from "./errors.js";
import { int32, integer, type Params, type Space, toParameters } from "./space.js";
import { type InputValue, toParameterValues } from "./values.js";

/** One metric that a sweep optimizes: `{ minimize: "loss" }` or `{ maximize: "accuracy" }`. */
export type Objective = (
  | { readonly minimize: string; readonly maximize?: never }
  | { readonly maximize: string; readonly minimize?: never }
) & {
  /** The objective that finishes the sweep when a run reaches it. */
  readonly target?: number;
  /** By which of a run's values it is judged; the last one by default. */
  readonly value?: "last" | "best" | "mean_last";
  /** The number of values for `mean_last`. */
  readonly meanOver?: number;
  /** The objective that a sampler assumes for a run without one. */
  readonly impute?: "worst" | "best" | "latest";
  /** The same for a run that still runs. */
  readonly imputeWhileRunning?: "worst" | "best" | "latest";
};

/** When hyperband compares runs: at min_iter·etaⁱ, or at max_iter/etaⁱ. */
export interface HyperbandOptions {
  readonly minIter?: number;
  readonly maxIter?: number;
  readonly s?: number;
  readonly eta?: number;
  readonly strict?: boolean;
}

/** How often a run is assigned again. */
export interface RetryOptions {
  /** After its agent was lost. */
  readonly lost?: number;
  /** After it failed. */
  readonly failed?: number;
}

/** What the options of an algorithm may hold. */
export type AlgorithmOptions = Readonly<Record<string, InputValue>>;

/** A program that a command agent runs, and how it passes the parameters. */
export interface ProgramOptions {
  readonly program?: string;
  readonly command?: readonly string[];
  readonly argsStyle?: "flat" | "wandb";
}

const OBJECTIVE_VALUES = {
  last: ObjectiveValue.LAST,
  best: ObjectiveValue.BEST,
  mean_last: ObjectiveValue.MEAN_LAST,
};
const IMPUTES = { worst: Impute.WORST, best: Impute.BEST, latest: Impute.LATEST };
const ARGS_STYLES = { flat: ArgsStyle.FLAT, wandb: ArgsStyle.WANDB };

/**
 * A sweep to be created. Each method returns a new one, so that a part may be kept and varied. `S`
 * is its search space, from which the types of a run's parameters follow.
 */
export class SweepBuilder<S extends Space> {
  /** Only for the type: what a run's program reads. */
  declare readonly params?: Params<S>;
  readonly #spec: SweepSpec;

  /** @internal */
  constructor(spec: SweepSpec) {
    this.#spec = spec;
  }

  /** Stops runs that are not among the best at the rungs, as W&B's `early_terminate` does. */
  hyperband({ minIter, maxIter, s, eta, strict }: HyperbandOptions): SweepBuilder<S> {
    const value = create(HyperbandSchema, {
      ...(minIter === undefined ? {} : { minIter: integer("hyperband: minIter", minIter) }),
      ...(maxIter === undefined ? {} : { maxIter: integer("hyperband: maxIter", maxIter) }),
      ...(s === undefined ? {} : { s: int32("hyperband: s", s) }),
      ...(eta === undefined ? {} : { eta }),
      ...(strict === undefined ? {} : { strict }),
    });
    return this.#stoppedBy({ case: "hyperband", value });
  }

  /** Stops runs by another rule. */
  pruner(name: string, options: AlgorithmOptions = {}): SweepBuilder<S> {
    return this.#stoppedBy({ case: "pruner", value: algorithm(name, options) });
  }

  /** Proposes points by one of the method's samplers. */
  sampler(name: string, options: AlgorithmOptions = {}): SweepBuilder<S> {
    return this.#with({ sampler: algorithm(name, options) });
  }

  /** Finishes the sweep when a rule says that going on is not worth it. */
  terminator(name: string, options: AlgorithmOptions = {}): SweepBuilder<S> {
    return this.#with({ terminator: algorithm(name, options) });
  }

  /** Limits the number of runs. */
  runCap(runs: number): SweepBuilder<S> {
    return this.#with({ runCap: integer("runCap", runs) });
  }

  /** Ends the sweep after this number of failed runs. */
  maxFailedRuns(runs: number): SweepBuilder<S> {
    return this.#with({ maxFailedRuns: integer("maxFailedRuns", runs) });
  }

  /** Makes the sequence of proposals repeatable. */
  seed(seed: number): SweepBuilder<S> {
    return this.#with({ seed: integer("seed", seed) });
  }

  /** Sets how often a run is assigned again after its agent was lost, or after it failed. */
  retries({ lost, failed }: RetryOptions): SweepBuilder<S> {
    const retries = create(RetryPolicySchema, {
      ...(lost === undefined ? {} : { lost: int32("retries: lost", lost) }),
      ...(failed === undefined ? {} : { failed: int32("retries: failed", failed) }),
    });
    return this.#with({ retries });
  }

  /** Adds expressions over parameters that every run meets, such as `a < b`. */
  constraints(...expressions: string[]): SweepBuilder<S> {
    const { searchSpace } = this.#spec;
    if (searchSpace === undefined) throw new InvalidArgumentError("the sweep has no parameters");
    const constraints = [...searchSpace.constraints, ...expressions];
    return this.#with({ searchSpace: { ...searchSpace, constraints } });
  }

  /** Sets what a command agent runs. */
  program({ program, command, argsStyle }: ProgramOptions): SweepBuilder<S> {
    return this.#with({
      ...(program === undefined ? {} : { program }),
      ...(command === undefined ? {} : { command: [...command] }),
      ...(argsStyle === undefined ? {} : { argsStyle: ARGS_STYLES[argsStyle] }),
    });
  }

  /** Returns the message that CreateSweep takes. */
  toSpec(): SweepSpec {
    return this.#spec;
  }

  #stoppedBy(rule: EarlyTermination["rule"]): SweepBuilder<S> {
    return this.#with({ earlyTermination: create(EarlyTerminationSchema, { rule }) });
  }

  #with(fields: Partial<SweepSpec>): SweepBuilder<S> {
    return new SweepBuilder({ ...this.#spec, ...fields });
  }
}

/** Returns a sweep that searches by the results of earlier runs. */
export function bayes<const S extends Space>(
  objectives: Objective | readonly Objective[],
  space: S,
): SweepBuilder<S> {
  return sweep(Method.BAYES, objectives, space);
}

/** Returns a sweep with points that are drawn at random. */
export function random<const S extends Space>(
  objectives: Objective | readonly Objective[],
  space: S,
): SweepBuilder<S> {
  return sweep(Method.RANDOM, objectives, space);
}

/** Returns a sweep that tries each point of its space once. */
export function grid<const S extends Space>(
  objectives: Objective | readonly Objective[],
  space: S,
): SweepBuilder<S> {
  return sweep(Method.GRID, objectives, space);
}

function sweep<S extends Space>(
  method: Method,
  objectives: Objective | readonly Objective[],
  space: S,
): SweepBuilder<S> {
  return new SweepBuilder(
    create(SweepSpecSchema, {
      method,
      metrics: [objectives].flat().map(toMetric),
      searchSpace: create(SearchSpaceSchema, { parameters: toParameters(space) }),
    }),
  );
}

function toMetric(objective: Objective): Metric {
  const { minimize, maximize, target, value, meanOver, impute, imputeWhileRunning } = objective;
  const name = minimize ?? maximize;
  if (name === undefined) {
    throw new InvalidArgumentError("a metric is { minimize: name } or { maximize: name }");
  }
  return create(MetricSchema, {
    name,
    goal: maximize === undefined ? Goal.MINIMIZE : Goal.MAXIMIZE,
    ...(target === undefined ? {} : { target }),
    ...(value === undefined ? {} : { value: OBJECTIVE_VALUES[value] }),
    ...(meanOver === undefined ? {} : { meanOver: int32("meanOver", meanOver) }),
    ...(impute === undefined ? {} : { impute: IMPUTES[impute] }),
    ...(imputeWhileRunning === undefined
      ? {}
      : { imputeWhileRunning: IMPUTES[imputeWhileRunning] }),
  });
}

function algorithm(name: string, options: AlgorithmOptions): AlgorithmChoice {
  return create(AlgorithmChoiceSchema, { name, options: toParameterValues(options, name) });
}
