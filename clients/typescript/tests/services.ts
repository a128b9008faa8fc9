import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import {
  type FinishRunRequest,
  type FinishRunResponse,
  FinishRunResponseSchema,
  type ReportMetricsRequest,
  SweepRegistryService,
} from "../src/gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import { type Run, RunSchema, RunState } from "../src/gen/wanllmdb/api/registry/v1/run_pb.js";
import type { SweepSpec } from "../src/gen/wanllmdb/api/registry/v1/sweep_pb.js";
import {
  ExhaustedReason,
  SuggestionService,
  SuggestResponseSchema,
} from "../src/gen/wanllmdb/api/suggestion/v1/suggestion_service_pb.js";
import { toParameterValue } from "../src/index.js";

/** Both services with one sweep in memory, and what they received. */
export class SweepInMemory {
  readonly ends: FinishRunRequest[] = [];
  readonly reports: ReportMetricsRequest[] = [];
  readonly released: bigint[] = [];
  readonly updates: { readonly run: unknown; readonly paths: unknown }[] = [];
  heartbeats = 0;
  /** Called when the sweep is read, values are reported, or a run is changed; may throw. */
  onFind: (signal: AbortSignal) => Promise<void> = async () => {};
  onReport: () => void = () => {};
  onUpdate: () => void = () => {};
  #spec: SweepSpec | undefined;
  #next = 0;

  /**
   * @param runs how many runs the sweep has.
   * @param lease the milliseconds of a lease.
   * @param onHeartbeat gets the number of heartbeats after each one.
   */
  constructor(
    readonly runs: number,
    readonly lease = 60_000,
    readonly onHeartbeat: (count: number) => void = () => {},
  ) {}

  /** Adds both services to a server. */
  readonly routes = (router: ConnectRouter): void => {
    router.service(SweepRegistryService, this.#registry);
    router.service(SuggestionService, this.#suggestion);
  };

  get #registry(): Partial<ServiceImpl<typeof SweepRegistryService>> {
    return {
      createSweep: ({ source }) => {
        if (source.case !== "spec") throw new ConnectError("no spec", Code.InvalidArgument);
        this.#spec = source.value;
        return { sweep: { sweepId: "s1", spec: source.value } };
      },
      getSweep: async (_request, { signal }) => {
        await this.onFind(signal);
        return { sweep: { sweepId: "s1", ...(this.#spec && { spec: this.#spec }) } };
      },
      getRun: () => ({ run: this.#run(0, RunState.RUNNING) }),
      reportMetrics: (request) => {
        this.onReport();
        this.reports.push(request);
        return {};
      },
      heartbeat: ({ leases }) => {
        this.heartbeats += 1;
        this.onHeartbeat(this.heartbeats);
        return { statuses: leases.map((lease) => ({ lease })), leaseDuration: this.#lease };
      },
      updateRun: ({ run, updateMask }) => {
        this.onUpdate();
        this.updates.push({ run, paths: updateMask?.paths });
        return {};
      },
      finishRun: (request) => this.#end(request),
      releaseRun: ({ number = 0n }) => {
        this.released.push(number);
        return {};
      },
    };
  }

  get #suggestion(): Partial<ServiceImpl<typeof SuggestionService>> {
    return {
      suggest: ({ endedRuns }) => {
        const response = create(SuggestResponseSchema, {
          leaseDuration: this.#lease,
          endedRuns: endedRuns.map((end) => ({
            result: { case: "response" as const, value: this.#end(end) },
          })),
        });
        if (this.#next === this.runs) response.exhausted = ExhaustedReason.RUN_CAP;
        else response.runs.push(this.#run(this.#next++, RunState.RUNNING));
        return response;
      },
      shouldStop: () => ({}),
      getBestRuns: () => ({ runs: [this.#run(0, RunState.FINISHED)] }),
    };
  }

  get #lease(): Duration {
    return durationFromMs(this.lease);
  }

  #end(request: FinishRunRequest): FinishRunResponse {
    this.ends.push(request);
    const state = request.outcome.case === "failed" ? RunState.FAILED : RunState.FINISHED;
    return create(FinishRunResponseSchema, { run: this.#run(Number(request.number), state) });
  }

  #run(number: number, state: RunState): Run {
    return create(RunSchema, {
      sweepId: "s1",
      number: BigInt(number),
      attempt: 1,
      state,
      objective: 0.25,
      parameters: {
        x: toParameterValue(0.5),
        lr: toParameterValue(0.01),
        layers: toParameterValue(2),
      },
    });
  }
}
