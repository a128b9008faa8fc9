/**
 * The client of wanllmdb sweeps for Node.
 *
 * @module
 */
export type { AgentOptions, AgentResult } from "./agent/agent.js";
export { type NamedRun, namedRun } from "./agent/child.js";
export type { FailureLimits } from "./agent/failures.js";
export type { Metrics } from "./agent/metrics.js";
export type { Trial, TrialRun } from "./agent/run.js";
export type { Description } from "./agent/sender.js";
export * from "./core.js";
export { Client } from "./node/client.js";
export type { ClientOptions, Patience, Settings } from "./node/settings.js";
export type { Tls } from "./node/tls.js";
