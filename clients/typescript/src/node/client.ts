import { type AgentOptions, type AgentResult, printLine, runAgent } from "../agent/agent.js";
import { runChild } from "../agent/child.js";
import { type Leases, LocalLeases } from "../agent/lease.js";
import type { Trial } from "../agent/run.js";
import { WorkerLeases } from "../agent/workerLeases.js";
import { Core, type SweepId } from "../core/client.js";
import { ServiceTransport } from "../core/transport.js";
import type { Value } from "../core/values.js";
import { REGISTRY, SUGGESTION } from "./addresses.js";
import { Replicas } from "./routes.js";
import { type ClientOptions, type Settings, settingsOf } from "./settings.js";

/**
 * Both services over gRPC. Addresses, key and TLS are those of the options, else of the environment.
 *
 * @example
 * using client = new Client();
 * const best = await client.bestRun(sweepId);
 */
export class Client extends Core {
  readonly #options: ClientOptions;
  readonly #settings: Settings;
  readonly #routes: readonly Replicas[];

  /** @throws InvalidArgumentError if a setting is not valid. */
  constructor(options: ClientOptions = {}) {
    const settings = settingsOf(options);
    const registry = new Replicas(REGISTRY, settings.registry, settings, false);
    const suggestion = new Replicas(SUGGESTION, settings.suggestion, settings, true);
    super({
      registry: new ServiceTransport(registry, settings.key),
      suggestion: new ServiceTransport(suggestion, settings.key),
    });
    this.#options = options;
    this.#settings = settings;
    this.#routes = [registry, suggestion];
  }

  /** What the client works with, of its options and its environment. */
  get settings(): Settings {
    return this.#settings;
  }

  /**
   * Executes runs of a sweep with a function until there are no more. The function gets a run with
   * its parameters; `signal` aborts when the run must stop.
   *
   * @throws AgentGaveUpError if too many runs failed.
   * @throws ServiceError if the services are unavailable for too long.
   */
  async agent<P = Record<string, Value>>(
    sweepId: SweepId<P>,
    trial: Trial<P>,
    options: AgentOptions = {},
  ): Promise<AgentResult> {
    const { env } = this.#settings;
    const startLeases = (say: (line: string) => void): Leases => this.#startLeases(say);
    return await runAgent({ core: this, env, startLeases }, sweepId, trial, options);
  }

  /**
   * Executes a function once, for the run that a command agent (`wanllmdb agent`) names to its
   * program. The agent sends heartbeats and ends the run by the exit code. In a program of several
   * processes only that of rank 0 reports, by the variables of torchrun, Slurm, MPI and others,
   * unless WANLLMDB_ALL_RANKS is 1.
   *
   * @throws NoRunError if there is no run, or it belongs to another agent.
   * @throws RunStoppedError if the run was lost meanwhile.
   */
  async child<P = Record<string, Value>>(trial: Trial<P>): Promise<void> {
    await runChild(this, this.#settings.env, trial, printLine);
  }

  #startLeases(say: (line: string) => void): Leases {
    const local = new LocalLeases(this);
    // The thread is a file of the built package; what runs from the sources has none.
    if (!import.meta.url.endsWith(".js")) return local;
    return new WorkerLeases({ ...this.#options, env: { ...this.#settings.env } }, local, say);
  }

  /** Closes the connections, and ends the calls over them. */
  close(): void {
    for (const routes of this.#routes) routes.close();
  }

  /** Closes the client at the end of the block of a `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
