/**
 * The part that also runs in browsers: builders, values, errors, and a client over any transport of
 * Connect.
 *
 * @module
 */
export {
  type Best,
  Core,
  type ListRunsOptions,
  type SweepId,
  type SweepTexts,
  type Transports,
} from "./core/client.js";
export { type ConnectOptions, connectThrough } from "./core/connect.js";
export {
  AgentGaveUpError,
  type FieldProblem,
  hasCode,
  hasReason,
  InvalidArgumentError,
  type KnownReason,
  NoRunError,
  RunStoppedError,
  ServiceError,
  WanllmdbError,
} from "./core/errors.js";
export {
  beta,
  choice,
  constant,
  Distribution,
  int,
  intLogUniform,
  intQuantized,
  logNormal,
  logUniform,
  normal,
  type Params,
  quantized,
  type ReadValue,
  type Space,
  type Steps,
  uniform,
} from "./core/space.js";
export {
  type AlgorithmOptions,
  bayes,
  grid,
  type HyperbandOptions,
  type Objective,
  type ProgramOptions,
  type RetryOptions,
  random,
  SweepBuilder,
} from "./core/sweep.js";
export type { CallOptions } from "./core/transport.js";
export {
  Float,
  float,
  fromParameterValue,
  type InputValue,
  parametersOf,
  toParameterValue,
  type Value,
} from "./core/values.js";
export type { WatchOptions } from "./core/watch.js";
export {
  RunOrder,
  SweepRegistryService,
} from "./gen/wanllmdb/api/registry/v1/registry_service_pb.js";
export { type Run, RunState } from "./gen/wanllmdb/api/registry/v1/run_pb.js";
export { type Sweep, SweepState } from "./gen/wanllmdb/api/registry/v1/sweep_pb.js";
export type { WatchSweepResponse } from "./gen/wanllmdb/api/registry/v1/watch_pb.js";
