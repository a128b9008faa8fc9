import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  BetaDistributionSchema,
  CategoricalDistributionSchema,
  ConstantDistributionSchema,
  IntLogUniformDistributionSchema,
  IntUniformDistributionSchema,
  LogNormalDistributionSchema,
  LogUniformDistributionSchema,
  NormalDistributionSchema,
  type Parameter,
  ParameterConditionSchema,
  ParameterSchema,
  type QuantizedDistribution,
  QuantizedDistributionSchema,
  UniformDistributionSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb.js";
import { InvalidArgumentError } from "./errors.js";
import { type Float, type InputValue, toParameterValue } from "./values.js";

type Kind = Parameter["distribution"];
type Conditions = Readonly<Record<string, readonly InputValue[]>>;

/** What a program reads of a value that a builder was given. */
export type ReadValue<T> = T extends Float | bigint | number
  ? T extends number
    ? T
    : number
  : T extends readonly (infer Item)[]
    ? ReadValue<Item>[]
    : T extends object
      ? { [Key in keyof T]: ReadValue<T[Key]> }
      : T;

/** The values that a parameter may take; `T` is what a run's program reads. */
export class Distribution<T> {
  /** Only for the type. */
  declare readonly read?: T;
  readonly #kind: Kind;
  readonly #conditions: Conditions;

  /** @internal */
  constructor(kind: Kind, conditions: Conditions = {}) {
    this.#kind = kind;
    this.#conditions = conditions;
  }

  /**
   * Returns the parameter of runs in which other parameters have one of the given values.
   *
   * @example momentum: uniform(0, 1).when({ optimizer: ["sgd", "rmsprop"] })
   */
  when(conditions: Conditions): Distribution<T | undefined> {
    return new Distribution(this.#kind, { ...this.#conditions, ...conditions });
  }

  /** Returns the message of a parameter with this name. */
  toParameter(name: string): Parameter {
    return create(ParameterSchema, {
      name,
      distribution: this.#kind,
      conditions: Object.entries(this.#conditions).map(([parameter, values]) =>
        create(ParameterConditionSchema, {
          parameter,
          values: values.map((value) => toParameterValue(value, `${name}.when.${parameter}`)),
        }),
      ),
    });
  }

  /** @internal */
  get kind(): Kind {
    return this.#kind;
  }
}

/** The step of a distribution: its values are the first one and multiples of `q` above it. */
export interface Steps {
  readonly q?: number;
}

/** Returns floats between two bounds, also whole ones. */
export function uniform(min: number, max: number, steps: Steps = {}): Distribution<number> {
  const value = create(UniformDistributionSchema, { min, max, ...steps });
  return new Distribution({ case: "uniform", value });
}

/** Returns integers between two bounds, both included. */
export function int(min: number, max: number, steps: Steps = {}): Distribution<number> {
  const value = create(IntUniformDistributionSchema, integers("int", min, max, steps));
  return new Distribution({ case: "intUniform", value });
}

/** Returns floats that are uniform in the logarithm; the bounds are values, not exponents. */
export function logUniform(min: number, max: number, steps: Steps = {}): Distribution<number> {
  const value = create(LogUniformDistributionSchema, { min, max, ...steps });
  return new Distribution({ case: "logUniform", value });
}

/** Returns integers that are uniform in the logarithm; the bounds are values, not exponents. */
export function intLogUniform(min: number, max: number, steps: Steps = {}): Distribution<number> {
  const value = create(IntLogUniformDistributionSchema, integers("intLogUniform", min, max, steps));
  return new Distribution({ case: "intLogUniform", value });
}

/** Returns floats of a Gaussian distribution, which is not truncated. */
export function normal(mu = 0, sigma = 1): Distribution<number> {
  return new Distribution({
    case: "normal",
    value: create(NormalDistributionSchema, { mu, sigma }),
  });
}

/** Returns floats whose logarithm has a Gaussian distribution. */
export function logNormal(mu = 0, sigma = 1): Distribution<number> {
  const value = create(LogNormalDistributionSchema, { mu, sigma });
  return new Distribution({ case: "logNormal", value });
}

/** Returns floats between 0 and 1 of a beta distribution. */
export function beta(a: number, b: number): Distribution<number> {
  return new Distribution({ case: "beta", value: create(BetaDistributionSchema, { a, b }) });
}

/** Returns one value always. */
export function constant<const T extends InputValue>(value: T): Distribution<ReadValue<T>> {
  const message = create(ConstantDistributionSchema, {
    value: toParameterValue(value, "constant"),
  });
  return new Distribution({ case: "constant", value: message });
}

/**
 * Returns one of several values, with their types kept.
 *
 * @param probabilities how likely each value is; equally likely if absent.
 */
export function choice<const T extends InputValue>(
  values: readonly T[],
  probabilities: readonly number[] = [],
): Distribution<ReadValue<T>> {
  const value = create(CategoricalDistributionSchema, {
    values: values.map((each, index) => toParameterValue(each, `choice[${index}]`)),
    probabilities: [...probabilities],
  });
  return new Distribution({ case: "categorical", value });
}

/** Returns the values of a continuous distribution, rounded to multiples of `q` that are floats. */
export function quantized(distribution: Distribution<number>, q: number): Distribution<number> {
  return rounded(distribution, { case: "q", value: q });
}

/** Returns the values of a continuous distribution, rounded to multiples of `q` that are integers. */
export function intQuantized(distribution: Distribution<number>, q: number): Distribution<number> {
  return rounded(distribution, { case: "intQ", value: integer("intQuantized: q", q) });
}

function rounded(
  distribution: Distribution<number>,
  step: QuantizedDistribution["step"],
): Distribution<number> {
  const { kind } = distribution;
  switch (kind.case) {
    case "uniform":
    case "logUniform":
    case "normal":
    case "logNormal":
    case "beta": {
      const value = create(QuantizedDistributionSchema, { distribution: kind, step });
      return new Distribution({ case: "quantized", value });
    }
    default:
      throw new InvalidArgumentError(
        "only uniform, logUniform, normal, logNormal and beta can be rounded to steps",
      );
  }
}

function integers(
  name: string,
  min: number,
  max: number,
  { q }: Steps,
): MessageInitShape<typeof IntUniformDistributionSchema> & { $typeName?: never } {
  return {
    min: integer(`${name}: min`, min),
    max: integer(`${name}: max`, max),
    ...(q === undefined ? {} : { q: integer(`${name}: q`, q) }),
  };
}

/** Returns an integer for a message. */
export function integer(what: string, value: number): bigint {
  if (!Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(`${what} is ${value}, but must be an integer`);
  }
  return BigInt(value);
}

/** Returns an integer of 32 bits for a message. */
export function int32(what: string, value: number): number {
  if (value === (value | 0)) return value;
  throw new InvalidArgumentError(`${what} is ${value}, but must be an integer of 32 bits`);
}

/** The parameters of a sweep by name; a group of parameters is an object within. */
export interface Space {
  readonly [name: string]: Distribution<unknown> | Space;
}

/** What the program of a run reads of a search space. */
export type Params<S extends Space> = {
  readonly [Name in keyof S]: S[Name] extends Distribution<infer T>
    ? T
    : S[Name] extends Space
      ? Params<S[Name]>
      : never;
};

/** Returns the messages of all parameters, ordered by name; groups become `group/name`. */
export function toParameters(space: Space, prefix = ""): Parameter[] {
  return Object.entries(space)
    .flatMap(([name, each]) =>
      each instanceof Distribution
        ? [each.toParameter(prefix + name)]
        : toParameters(each, `${prefix}${name}/`),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
