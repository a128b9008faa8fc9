/**
 * Reads one JSON command a line from stdin, and writes one JSON answer a line to stdout;
 * clients/conformance/README.md describes them.
 */
import { createInterface } from "node:readline";
import { AgentGaveUpError, InvalidArgumentError, NoRunError, ServiceError } from "../src/index.js";
import { readError } from "./calls.js";
import { createSweep, listRuns, runAgent, runProcess, watchSweep } from "./services.js";
import { chooseReplica, configure, findRun, pauseOfHeartbeats } from "./settings.js";
import { buildSweep } from "./space.js";
import { nestParameters, readValue, writeValue } from "./values.js";

// Each takes what the command of its name has; the runner's vectors and scenarios are the check.
// biome-ignore lint/suspicious/noExplicitAny: commands are JSON of as many types as operations
const OPERATIONS: Readonly<Record<string, (given: any) => unknown>> = {
  "agent.run": runAgent,
  "client.configure": configure,
  "error.read": readError,
  "heartbeat.pause": pauseOfHeartbeats,
  hello: () => ({
    language: "typescript",
    can: ["integers_beyond_64_bits", "texts_with_half_pairs"],
  }),
  "parameters.nest": nestParameters,
  "process.run": runProcess,
  "replica.choose": chooseReplica,
  "run.find": findRun,
  "runs.list": listRuns,
  "sweep.build": buildSweep,
  "sweep.create": createSweep,
  "sweep.watch": watchSweep,
  "value.read": readValue,
  "value.write": writeValue,
};

async function answer(operation: string, given: unknown): Promise<object> {
  const carryOut = OPERATIONS[operation];
  if (carryOut === undefined) {
    return { error: { kind: "unsupported", message: `there is no ${operation}` } };
  }
  try {
    return { result: await carryOut(given) };
  } catch (error) {
    return { error: describe(error) };
  }
}

function describe(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvalidArgumentError) return { kind: "invalid", message };
  if (error instanceof NoRunError) return { kind: "no_run", message };
  if (error instanceof AgentGaveUpError) return { kind: "gave_up", message };
  if (error instanceof ServiceError) return { kind: "service", message, reason: error.reason };
  return { kind: "crash", message: error instanceof Error ? (error.stack ?? message) : message };
}

for await (const line of createInterface(process.stdin)) {
  const { id, operation, given } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ id, ...(await answer(operation, given)) })}\n`);
}
