import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  type Parameter,
  ParameterSchema,
} from "../../gen/wanllmdb/api/registry/v1/search_space_pb";
import { type Sweep, SweepSchema } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";

/*
 * Arbitrary sweeps that differ only in what UpdateSweep can change: the same metrics, parameters
 * and kinds of distributions.
 */

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const value = fc.oneof(
  number.map((double) => ({ kind: { case: "doubleValue" as const, value: double } })),
  integer.map((int) => ({ kind: { case: "intValue" as const, value: int } })),
  fc.string().map((text) => ({ kind: { case: "stringValue" as const, value: text } })),
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const range = fc.record({ min: number, max: number }, { requiredKeys: ["min", "max"] });
const count = optional(fc.bigInt({ min: 1n, max: 2n ** 31n }));
const options = fc.dictionary(fc.constantFrom("n_startup_trials", "alpha"), value);
const choice = fc.record({ name: fc.constantFrom("median", "patient"), options });

type Distribution = Exclude<
  NonNullable<MessageInitShape<typeof ParameterSchema>["distribution"]>,
  { case: undefined }
>;

const DISTRIBUTIONS: Record<string, fc.Arbitrary<Distribution>> = {
  "optimizer/lr": fc.oneof(
    range.map((fields) => ({ case: "uniform" as const, value: fields })),
    range.map((fields) => ({ case: "logUniform" as const, value: fields })),
  ),
  "batch:size": fc
    .record({ min: integer, max: integer })
    .map((fields) => ({ case: "intUniform" as const, value: fields })),
  choices: fc
    .array(value, { minLength: 2 })
    .map((values) => ({ case: "categorical" as const, value: { values } })),
  noise: fc
    .record({ mu: number, sigma: number })
    .map((fields) => ({ case: "normal" as const, value: fields })),
  steps: fc.tuple(range, integer).map(([fields, step]) => ({
    case: "quantized" as const,
    value: {
      distribution: { case: "uniform" as const, value: fields },
      step: { case: "intQ" as const, value: step },
    },
  })),
};

const parameters: fc.Arbitrary<Parameter[]> = fc.tuple(
  ...Object.entries(DISTRIBUTIONS).map(([name, arbitrary]) =>
    arbitrary.map((distribution) => create(ParameterSchema, { name, distribution })),
  ),
);

const stopping = fc.oneof(
  choice.map((pruner) => ({ rule: { case: "pruner" as const, value: pruner } })),
  fc
    .record({ minIter: fc.bigInt({ min: 1n, max: 999n }), eta: fc.constantFrom(2, 3, 4.5) })
    .map((hyperband) => ({ rule: { case: "hyperband" as const, value: hyperband } })),
);

/** Sweeps of which each can become the other by an update of their settings. */
export const sweeps: fc.Arbitrary<Sweep> = fc
  .record({
    name: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ""),
    description: fc.string(),
    runCap: count,
    maxFailedRuns: count,
    lost: fc.integer({ min: 0, max: 100 }),
    failed: fc.integer({ min: 0, max: 100 }),
    targets: fc.tuple(optional(number), optional(number)),
    stopping: optional(stopping),
    terminator: optional(choice),
    parameters,
    constraints: fc.subarray(["lr < 1", "a: b"]),
  })
  .map((each) =>
    create(SweepSchema, {
      sweepId: "abcdefghijkl",
      name: each.name,
      description: each.description,
      spec: {
        retries: { lost: each.lost, failed: each.failed },
        metrics: each.targets.map((target, index) => ({
          name: ["loss", "accuracy:top-1"][index] ?? "",
          ...(target === undefined ? {} : { target }),
        })),
        searchSpace: { parameters: each.parameters, constraints: each.constraints },
        ...(each.runCap === undefined ? {} : { runCap: each.runCap }),
        ...(each.maxFailedRuns === undefined ? {} : { maxFailedRuns: each.maxFailedRuns }),
        ...(each.stopping === undefined ? {} : { earlyTermination: each.stopping }),
        ...(each.terminator === undefined ? {} : { terminator: each.terminator }),
      },
    }),
  );
