import { toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Core } from "../core/client.js";
import { AgentGaveUpError, hasCode, hasReason, messageOf, ServiceError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { sleep } from "../core/time.js";
import type { Value } from "../core/values.js";
import {
  type FinishRunRequest,
  FinishRunRequestSchema,
  type FinishRunResponse,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb.js";
import { type Run as RunMessage, RunState } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import {
  ExhaustedReason,
  type SuggestResponse,
} from "../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb.js";
import { execute } from "./execute.js";
import type { FailureCounter } from "./failures.js";
import { type Leases, secondsOf } from "./lease.js";
import { outcomeOfRun } from "./outcomes.js";
import { ActiveRun, type Trial } from "./run.js";
import type { Shutdown } from "./shutdown.js";
import { Waiter } from "./waiter.js";

/** What a loop needs. */
export interface LoopOptions<P> {
  readonly core: Core;
  readonly leases: Leases;
  readonly sweep: Sweep;
  readonly trial: Trial<P>;
  readonly agentId: string;
  /** The largest number of runs; undefined for no limit. */
  readonly count: number | undefined;
  readonly resume: boolean;
  /** Whether to wait for runs of other agents that may be queued again. */
  readonly stay: boolean;
  readonly patience: { readonly seconds: number; readonly atFirst: number };
  readonly failures: FailureCounter;
  readonly shutdown: Shutdown;
  readonly say: (line: string) => void;
}

const EXHAUSTED: Readonly<Record<ExhaustedReason, string>> = {
  [ExhaustedReason.UNSPECIFIED]: "none are left",
  [ExhaustedReason.RUN_CAP]: "its run_cap was reached",
  [ExhaustedReason.SPACE_EXHAUSTED]: "every point of its search space was assigned to a run",
  [ExhaustedReason.TARGET_REACHED]: "its target was reached",
  [ExhaustedReason.TERMINATED]: "its terminator ended it",
};
/** The seconds of a lease of a service that does not tell. */
const USUAL_LEASE = 60;
/** Reasons after which a lost run is still queued again. */
const MAY_BE_QUEUED_AGAIN = new Set([ExhaustedReason.RUN_CAP, ExhaustedReason.SPACE_EXHAUSTED]);

/** Takes runs from a sweep, executes one at a time, and reports their ends. */
export class Loop<P = Record<string, Value>> {
  /** The runs that ended, and those of them that failed. */
  runs = 0;
  failed = 0;
  /** Why the loop took no more runs. */
  endedBy = "";
  /** The run in progress. */
  active: ActiveRun<P> | undefined;
  readonly #options: LoopOptions<P>;
  readonly #endWaiter: Waiter;
  readonly #known: Waiter;
  readonly #stranger: Waiter;
  #claimed = 0;
  #hasClaim = false;
  #hasSuggested = false;
  #resumes: boolean;
  /** The answer to the Suggest that brought the last run's end. */
  #ahead: SuggestResponse | undefined;
  /** The request id of such a Suggest that got no answer. */
  #unanswered: string | undefined;

  constructor(options: LoopOptions<P>) {
    this.#options = options;
    this.#resumes = options.resume;
    const { patience, say, shutdown } = options;
    // One interrupt does not end the wait for the delivery of a run's end.
    this.#endWaiter = new Waiter(patience.seconds, say, shutdown.givingBack);
    this.#known = new Waiter(patience.seconds, say, shutdown.draining);
    this.#stranger = new Waiter(patience.atFirst, say, shutdown.draining);
    shutdown.givingBack.addEventListener("abort", () => {
      this.active?.stop({ kind: "giveBack", reason: "the agent was ended" });
    });
  }

  /** Executes runs until the sweep has no more, or the loop may take no more. */
  async work(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      // Runs that were assigned, and that the loop has not begun.
      await this.#release(this.#ahead?.runs ?? []);
      throw error;
    }
  }

  async #work(): Promise<void> {
    while (this.#ahead !== undefined || (this.#goesOn && this.#claims())) {
      this.#hasClaim = false;
      const suggestion = await this.#next();
      if (suggestion === undefined) return;
      for (const run of suggestion.runs) await this.#workOn(run, suggestion);
    }
  }

  get #goesOn(): boolean {
    return !this.#options.shutdown.draining.aborted;
  }

  /** Whether the loop may do one more run; the claim is kept until a run begins. */
  #claims(): boolean {
    if (this.#hasClaim) return true;
    if (this.#claimed === this.#options.count) {
      this.endedBy ||= "it has done as many runs as requested";
      return false;
    }
    this.#claimed += 1;
    this.#hasClaim = true;
    return true;
  }

  async #workOn(run: RunMessage, suggestion: SuggestResponse): Promise<void> {
    const { core, leases, sweep, trial, say } = this.#options;
    const { nextCheckIteration: next, leaseDuration, resumed } = suggestion;
    const active = new ActiveRun<P>({
      core,
      sweep,
      run,
      nextCheck: next === undefined ? undefined : Number(next),
      lease: {
        leases,
        seconds: leaseDuration === undefined ? USUAL_LEASE : secondsOf(leaseDuration),
      },
      resumed,
      waiter: this.#endWaiter,
      warn: say,
    });
    if (!this.#goesOn) {
      // The run was assigned after the loop stopped taking runs.
      await this.#giveBack(active, "the agent was interrupted");
      return;
    }
    this.active = active;
    try {
      const ended = await execute(active, trial);
      const order = active.stopOrder;
      if (order?.kind === "giveBack" && !active.isOver) {
        await this.#giveBack(active, order.reason);
        return;
      }
      await active.complete(outcomeOfRun(ended, order), (end) => this.#bring(end));
      this.#count(active, ended.kind === "failed" ? ended.error : undefined);
    } catch (error) {
      await this.#giveBack(active, "the agent was ended by an error");
      throw error;
    } finally {
      this.active = undefined;
    }
  }

  #count({ ended }: ActiveRun<P>, cause: unknown): void {
    this.runs += 1;
    if (ended === undefined) return;
    const { failures } = this.#options;
    if (ended.state !== RunState.FAILED) {
      failures.succeeded();
      return;
    }
    this.failed += 1;
    const why = failures.failed();
    if (why === undefined) return;
    throw new AgentGaveUpError(
      `the agent gives up: ${why}, the last one with: ${ended.error?.message ?? messageOf(cause)}; ` +
        "to go on despite failures: neverGiveUp, or WANLLMDB_AGENT_NEVER_GIVE_UP=1",
      { cause },
    );
  }

  async #giveBack(active: ActiveRun<P>, reason: string): Promise<void> {
    const { say } = this.#options;
    const { number } = active;
    if (active.isOver) {
      if (active.ended === undefined) {
        say(`run ${number} is done, but its result could not be delivered`);
      }
      return;
    }
    try {
      await active.release(reason);
      say(`run ${number} was given back`);
    } catch (error) {
      say(
        `run ${number} could not be given back; it is queued again when its lease expires: ` +
          messageOf(error),
      );
    }
  }

  async #release(runs: readonly RunMessage[]): Promise<void> {
    const { registry } = this.#options.core;
    const reason = "the agent was ended by an error";
    for (const { sweepId, number = 0n, attempt } of runs) {
      // Without an answer the lease runs out.
      await registry.releaseRun({ sweepId, number, attempt, reason }).catch(() => undefined);
    }
  }

  /**
   * Sends a run's end with the Suggest for the next run. Without an answer FinishRun sends the end,
   * and the next Suggest repeats this one without the end: it gets the same run.
   */
  async #bring(end: FinishRunRequest): Promise<FinishRunResponse | undefined> {
    const isLarge = toBinary(FinishRunRequestSchema, end).length > PROTOCOL.maxBroughtBytes;
    if (this.#resumes || isLarge || !(this.#goesOn && this.#claims())) return undefined;
    const requestId = crypto.randomUUID();
    try {
      this.#ahead = await this.#send(requestId, [end]);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.#unanswered = requestId;
      return undefined;
    }
    // FinishRun sends a rejected end again, which brings the error, and one without a result.
    const [result] = this.#ahead.endedRuns;
    return result?.result.case === "response" ? result.result.value : undefined;
  }

  /** Returns the next runs; undefined, with the reason in `endedBy`, if there are no more. */
  async #next(): Promise<SuggestResponse | undefined> {
    let requestId = this.#unanswered ?? crypto.randomUUID();
    this.#unanswered = undefined;
    for (let pause: number = PROTOCOL.pollFirstPause; ; ) {
      let longest: number = PROTOCOL.pollLongestPause;
      try {
        const suggestion = this.#ahead ?? (await this.#suggest(requestId));
        this.#ahead = undefined;
        if (suggestion.runs.length > 0) return suggestion;
        if (suggestion.exhausted !== ExhaustedReason.UNSPECIFIED) {
          if (!this.#staysFor(suggestion)) {
            const message = suggestion.message ? `: ${suggestion.message}` : "";
            this.endedBy = `the sweep has no more runs: ${EXHAUSTED[suggestion.exhausted]}${message}`;
            return undefined;
          }
          longest = PROTOCOL.stayLongestPause;
        }
      } catch (error) {
        if (!(await this.#polls(error))) return undefined;
      }
      if (await sleep(pause, this.#options.shutdown.draining)) return undefined;
      pause = Math.min(2 * pause, longest);
      requestId = crypto.randomUUID();
    }
  }

  /** Returns whether to ask again after an error, or to end well; else throws it. */
  async #polls(error: unknown): Promise<boolean> {
    if (hasCode(error, Code.NotFound)) {
      await this.#mustBeDeleted();
      this.endedBy = "the sweep was deleted";
      return false;
    }
    if (hasReason(error, "SWEEP_NOT_RUNNING")) {
      const { state = "" } = error.metadata;
      if (state === "PAUSED") return true;
      this.endedBy = `the sweep is ${state}`;
      return false;
    }
    if (this.#goesOn) throw error;
    return false;
  }

  async #mustBeDeleted(): Promise<void> {
    const { core, sweep } = this.#options;
    try {
      await core.getSweep(sweep.sweepId);
    } catch (error) {
      if (hasCode(error, Code.NotFound)) return;
      throw error;
    }
    throw new ServiceError(
      `the suggestion service does not know sweep ${sweep.sweepId}, which the registry has: that ` +
        "service was started for another registry",
      Code.NotFound,
    );
  }

  async #suggest(requestId: string): Promise<SuggestResponse> {
    // A service that never answered may have a wrong address: the agent reports it soon.
    const waiter = this.#hasSuggested ? this.#known : this.#stranger;
    const suggestion = await waiter.retry(() => this.#send(requestId, []));
    this.#hasSuggested = true;
    // The agent may hold several runs: the next one is asked for after this one.
    this.#resumes = this.#resumes && suggestion.resumed;
    return suggestion;
  }

  async #send(requestId: string, endedRuns: FinishRunRequest[]): Promise<SuggestResponse> {
    const { core, sweep, agentId } = this.#options;
    const resume = this.#resumes;
    const { sweepId } = sweep;
    return await core.suggestion.suggest({
      sweepId,
      count: 1,
      agentId,
      requestId,
      resume,
      endedRuns,
    });
  }

  #staysFor({ exhausted, runningRuns }: SuggestResponse): boolean {
    return this.#options.stay && runningRuns > 0n && MAY_BE_QUEUED_AGAIN.has(exhausted);
  }
}
