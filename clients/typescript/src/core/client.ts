import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { KeyService } from "../gen/wanllmdb/api/registry/v1/key_service_pb.js";
import {
  type CreateSweepResponse,
  RunOrder,
  SweepRegistryService,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import type { Run, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import { TemplateService } from "../gen/wanllmdb/api/registry/v1/template_service_pb.js";
import type { WatchSweepResponse } from "../gen/wanllmdb/api/registry/v1/watch_pb.js";
import { AnalysisService } from "../gen/wanllmdb/api/suggestion/v1/analysis_service_pb.js";
import { SuggestionService } from "../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb.js";
import { WanllmdbError } from "./errors.js";
import { allPages } from "./pages.js";
import { integer, type Params, type Space } from "./space.js";
import { SweepBuilder } from "./sweep.js";
import { type CallOptions, ServiceTransport } from "./transport.js";
import { parametersOf, type Value } from "./values.js";
import { type WatchOptions, watchSweep } from "./watch.js";

/** A sweep's id, which also carries the type of its runs' parameters. */
export type SweepId<P = Record<string, Value>> = string & { readonly __params?: P };

/** Texts for people about a new sweep, and where it belongs. */
export interface SweepTexts {
  readonly project?: string;
  readonly name?: string;
  readonly description?: string;
}

/** Which runs are listed, and in which order. */
export interface ListRunsOptions {
  readonly states?: readonly RunState[];
  readonly order?: RunOrder;
  readonly pageSize?: number;
}

/** The transports of both services; one gateway may be both. */
export interface Transports {
  readonly registry: Transport;
  readonly suggestion: Transport;
}

/**
 * Both services, over any transport. {@link Core.registry} and its siblings have every RPC; the
 * methods beside them are what most programs need.
 */
export class Core {
  readonly registry: Client<typeof SweepRegistryService>;
  readonly templates: Client<typeof TemplateService>;
  readonly keys: Client<typeof KeyService>;
  readonly suggestion: Client<typeof SuggestionService>;
  readonly analysis: Client<typeof AnalysisService>;
  readonly #hasAnswered: () => boolean;

  constructor({ registry, suggestion }: Transports) {
    this.registry = createClient(SweepRegistryService, registry);
    this.templates = createClient(TemplateService, registry);
    this.keys = createClient(KeyService, registry);
    this.suggestion = createClient(SuggestionService, suggestion);
    this.analysis = createClient(AnalysisService, suggestion);
    this.#hasAnswered = () => registry instanceof ServiceTransport && registry.hasAnswered;
  }

  /**
   * Creates a sweep of a builder, or of a config as YAML or JSON, and returns its id.
   *
   * @throws ServiceError with `fields` if the config has problems.
   */
  async createSweep<S extends Space>(
    sweep: SweepBuilder<S>,
    texts?: SweepTexts,
    options?: CallOptions,
  ): Promise<SweepId<Params<S>>>;
  async createSweep(config: string, texts?: SweepTexts, options?: CallOptions): Promise<SweepId>;
  async createSweep(
    sweep: SweepBuilder<Space> | string,
    texts: SweepTexts = {},
    options: CallOptions = {},
  ): Promise<SweepId<never>> {
    const response = await this.createSweepWithWarnings(sweep, texts, options);
    return present(response.sweep, "CreateSweep").sweepId;
  }

  /** Creates a sweep, and returns it with its warnings. */
  async createSweepWithWarnings(
    sweep: SweepBuilder<Space> | string,
    texts: SweepTexts = {},
    options: CallOptions = {},
  ): Promise<CreateSweepResponse> {
    const source =
      sweep instanceof SweepBuilder
        ? ({ case: "spec", value: sweep.toSpec() } as const)
        : ({ case: "configText", value: { text: sweep } } as const);
    return await this.registry.createSweep({ ...texts, source }, options);
  }

  /** Returns a sweep. */
  async getSweep(sweepId: string, options: CallOptions = {}): Promise<Sweep> {
    return present((await this.registry.getSweep({ sweepId }, options)).sweep, "GetSweep");
  }

  /** Returns one run of a sweep. */
  async getRun(sweepId: string, number: number, options: CallOptions = {}): Promise<Run> {
    const run = { case: "number", value: integer("the number of the run", number) } as const;
    return present((await this.registry.getRun({ sweepId, run }, options)).run, "GetRun");
  }

  /** Yields the runs of a sweep, page by page. */
  listRuns(
    sweepId: string,
    { states = [], order = RunOrder.UNSPECIFIED, pageSize = 0 }: ListRunsOptions = {},
    options: CallOptions = {},
  ): AsyncGenerator<Run, void, undefined> {
    return allPages(async (pageToken) => {
      const request = { sweepId, states: [...states], order, pageSize, pageToken };
      const { runs, nextPageToken } = await this.registry.listRuns(request, options);
      return { entries: runs, nextPageToken };
    });
  }

  /** Yields all sweeps of a project. */
  listSweeps(project: string, options: CallOptions = {}): AsyncGenerator<Sweep, void, undefined> {
    return allPages(async (pageToken) => {
      const request = { filter: { project }, pageToken };
      const { sweeps, nextPageToken } = await this.registry.listSweeps(request, options);
      return { entries: sweeps, nextPageToken };
    });
  }

  /** Returns the best run of a sweep with a metric; undefined if no run has an objective yet. */
  async bestRun<P = Record<string, Value>>(
    sweepId: SweepId<P>,
    options: CallOptions = {},
  ): Promise<Best<P> | undefined> {
    const { runs } = await this.suggestion.getBestRuns({ sweepId, count: 1 }, options);
    const [run] = runs;
    if (run === undefined) return undefined;
    const params = parametersOf(run.parameters) as P;
    return { number: Number(run.number), objective: run.objective, params, run };
  }

  /**
   * Yields the changes of a sweep, beginning with its state now, until it is deleted or the signal
   * aborts. A broken stream goes on where it broke.
   *
   * @throws ServiceError with the reason REVISION_UNKNOWN if the database was restored.
   */
  watch(
    sweepId: string,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchSweepResponse, void, undefined> {
    return watchSweep(this.registry, sweepId, options, this.#hasAnswered);
  }
}

/** The best run of a sweep. */
export interface Best<P = Record<string, Value>> {
  readonly number: number;
  readonly objective: number | undefined;
  readonly params: P;
  /** The run with everything that the registry has. */
  readonly run: Run;
}

/** Returns what an answer must have. */
export function present<T>(value: T | undefined, rpc: string): T {
  if (value === undefined) throw new WanllmdbError(`the answer to ${rpc} is empty`);
  return value;
}
