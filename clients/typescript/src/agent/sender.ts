import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Core } from "../core/client.js";
import {
  hasCode,
  isLost,
  isPassing,
  messageOf,
  rejectsContent,
  type ServiceError,
} from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import type { CallOptions } from "../core/transport.js";
import {
  type FinishRunRequest,
  FinishRunRequestSchema,
  type FinishRunResponse,
  type ReportMetricsRequest,
  ReportMetricsRequestSchema,
  UpdateRunRequestSchema,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import { type Run, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { ParameterValue } from "../gen/wanllmdb/api/registry/v1/search_space_pb.js";
import { batchesOf, type Row, toMetricRows } from "./batches.js";
import type { Commands } from "./commands.js";
import type { Leased } from "./lease.js";
import { isEnd, reduced, type WithRows } from "./rejected.js";
import { messageText } from "./text.js";
import type { Waiter } from "./waiter.js";

/** How a run ended. */
export type Outcome = FinishRunRequest["outcome"];

/** What people read of a run. */
export interface Description {
  readonly name?: string;
  readonly labels?: Record<string, string>;
}

/** Sends a run's end with another call; undefined if FinishRun must send it. */
export type BringEnd = (end: FinishRunRequest) => Promise<FinishRunResponse | undefined>;

/** What a sender needs. */
export interface SenderOptions {
  readonly core: Core;
  readonly run: Leased;
  /** The sweep's metrics, which the registry accepts in any case. */
  readonly metrics: readonly string[];
  /** Waits for an unavailable registry when the run ends. */
  readonly waiter: Waiter;
  readonly commands: Commands;
  readonly warn: (line: string) => void;
}

const TIMEOUT = { timeoutMs: PROTOCOL.runCallDeadline * 1000 };
const ENDED: ReadonlySet<RunState> = new Set([
  RunState.FINISHED,
  RunState.PRUNED,
  RunState.FAILED,
  RunState.CANCELED,
  RunState.LOST,
]);

/** Sends what one attempt of a run reports. Values that the registry rejects are left out. */
export class RunSender {
  readonly #options: SenderOptions;
  readonly #known: Set<string>;
  readonly #warned = new Set<string>();
  #onlyKnown = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#known = new Set(options.metrics);
  }

  /** Sends rows that fit one request, within a time in seconds, without waiting for the registry. */
  async send(rows: readonly Row[], timeout: number, signal: AbortSignal): Promise<void> {
    const kept = this.#onlyKnown ? this.#ofKnownMetrics(rows) : rows;
    if (kept.length > 0) {
      const timeoutMs = Math.min(timeout, PROTOCOL.runCallDeadline) * 1000;
      const options = { timeoutMs, signal };
      await this.#sendAccepted(this.#report(kept), (request) => this.#try(request, options));
    }
    // Known metrics must not have values that were rejected.
    if (this.#onlyKnown) return;
    for (const { values } of rows) for (const name of Object.keys(values)) this.#known.add(name);
  }

  /** Stores the name and the labels of the run, if the registry accepts them. */
  async describe({ name, labels }: Description): Promise<void> {
    const { core, run, waiter, warn } = this.#options;
    const paths = [...(name === undefined ? [] : ["name"]), ...(labels ? ["labels"] : [])];
    if (paths.length === 0) return;
    const { sweepId, number } = run;
    const fields = { ...(name === undefined ? {} : { name }), ...(labels && { labels }) };
    const request = create(UpdateRunRequestSchema, {
      run: { sweepId, number, ...fields },
      updateMask: { paths },
      requestId: crypto.randomUUID(),
    });
    try {
      await waiter.retry(() => core.registry.updateRun(request, TIMEOUT));
    } catch (error) {
      // The run ends without them: its end matters more.
      if (isPassing(error) || isLost(error)) throw error;
      warn(`the name or the labels of run ${number} could not be stored: ${messageOf(error)}`);
    }
  }

  /** Stores the config of a run that another process ends. */
  async storeConfig(config: Record<string, ParameterValue>): Promise<void> {
    const { core, run, waiter, warn } = this.#options;
    if (Object.keys(config).length === 0) return;
    const { sweepId, number } = run;
    const request = create(UpdateRunRequestSchema, {
      run: { sweepId, number, config },
      updateMask: { paths: ["config"] },
      requestId: crypto.randomUUID(),
    });
    try {
      await waiter.retry(() => core.registry.updateRun(request, TIMEOUT));
    } catch (error) {
      if (!rejectsContent(error)) throw error;
      warn(`the registry rejects the config of run ${number}: ${error.message}`);
    }
  }

  /** Sends rows, and waits for an unavailable registry. */
  async deliver(rows: readonly Row[]): Promise<void> {
    for (const batch of batchesOf(rows)) await this.#deliver(this.#report(batch));
  }

  /** Ends the run after everything that was not sent yet; the end is the last request. */
  async finish(
    outcome: Outcome,
    rows: readonly Row[],
    config: Record<string, ParameterValue>,
    bring?: BringEnd,
  ): Promise<Run | undefined> {
    const batches = batchesOf(rows);
    const last = batches.pop() ?? [];
    for (const batch of batches) await this.#deliver(this.#report(batch));
    const end = create(FinishRunRequestSchema, {
      ...this.#options.run,
      rows: toMetricRows(last),
      outcome,
      config,
      requestId: crypto.randomUUID(),
    });
    const response = (await bring?.(end)) ?? (await this.#deliver(end));
    return response !== undefined && "run" in response ? response.run : undefined;
  }

  /** Returns the run if this attempt has ended, for example by a child; else undefined. */
  async endOfThisAttempt(): Promise<Run | undefined> {
    const { core, run, waiter } = this.#options;
    try {
      const found = await waiter.retry(() => core.getRun(run.sweepId, Number(run.number), TIMEOUT));
      return found.attempt === run.attempt && ENDED.has(found.state) ? found : undefined;
    } catch (error) {
      // The sweep was deleted.
      if (hasCode(error, Code.NotFound)) return undefined;
      throw error;
    }
  }

  /** Gives the run back, so that any agent can get it. */
  async release(reason: string): Promise<void> {
    const { core, run } = this.#options;
    await core.registry.releaseRun({ ...run, reason: messageText(reason) }, TIMEOUT);
  }

  #report(rows: readonly Row[]): ReportMetricsRequest {
    return create(ReportMetricsRequestSchema, {
      ...this.#options.run,
      rows: toMetricRows(rows),
      requestId: crypto.randomUUID(),
    });
  }

  async #deliver(request: WithRows): Promise<Answer | undefined> {
    return await this.#sendAccepted(request, (rest) =>
      this.#options.waiter.retry(() => this.#try(rest, TIMEOUT)),
    );
  }

  async #try(request: WithRows, options: CallOptions): Promise<Answer> {
    const { registry } = this.#options.core;
    if (isEnd(request)) return await registry.finishRun(request, options);
    const answer = await registry.reportMetrics(request, options);
    this.#options.commands.obey(answer.command);
    return answer;
  }

  /** Sends a request without what the registry rejects; returns undefined if that is all of it. */
  async #sendAccepted(
    whole: WithRows,
    send: (request: WithRows) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    for (let request = whole; ; ) {
      try {
        return await send(request);
      } catch (error) {
        if (!rejectsContent(error)) throw error;
        const rest = reduced(request, error, this.#known);
        if (rest === undefined && isEnd(request)) throw error;
        this.#warnOf(error);
        if (rest === undefined) return undefined;
        request = rest;
      }
    }
  }

  #warnOf(error: ServiceError): void {
    if (error.fields.every(({ field }) => field === "" || field === "rows")) {
      // A limit that is reached stays reached, so that new metrics are not sent again.
      this.#onlyKnown = true;
    }
    const kind = error.reason || String(error.code);
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    const { run, warn } = this.#options;
    warn(`the registry rejects a part of run ${run.number}, which continues: ${error.message}`);
  }

  #ofKnownMetrics(rows: readonly Row[]): Row[] {
    return rows
      .map((row) => ({
        ...row,
        values: Object.fromEntries(
          Object.entries(row.values).filter(([name]) => this.#known.has(name)),
        ),
      }))
      .filter(({ values }) => Object.keys(values).length > 0);
  }
}

type Answer = Awaited<ReturnType<Core["registry"]["reportMetrics"]>> | FinishRunResponse;
