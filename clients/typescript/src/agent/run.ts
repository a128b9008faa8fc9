import { Code } from "@connectrpc/connect";
import type { Core } from "../core/client.js";
import { hasCode, isLost, NoRunError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { now } from "../core/time.js";
import { type InputValue, parametersOf, type Value } from "../core/values.js";
import { RunCommand, type Run as RunMessage } from "../gen/wanllmdb/api/registry/v1/run_pb.js";
import type { Sweep } from "../gen/wanllmdb/api/registry/v1/sweep_pb.js";
import { StopChecks } from "./checks.js";
import { Commands, type StopOrder } from "./commands.js";
import { ConfigChanges } from "./config.js";
import type { Leased, Leases } from "./lease.js";
import { isStep, type Metrics, numbersOf } from "./metrics.js";
import { once } from "./once.js";
import { outcomeOf } from "./outcomes.js";
import { Reporter } from "./reporter.js";
import { CheckSchedule } from "./schedule.js";
import { type BringEnd, type Description, type Outcome, RunSender } from "./sender.js";
import type { Waiter } from "./waiter.js";

/** A run as the code of a trial sees it; `P` is what its parameters are. */
export interface TrialRun<P = Record<string, Value>> {
  readonly sweepId: string;
  readonly number: number;
  /** The position of this assignment of the run, counted from 1. */
  readonly attempt: number;
  readonly params: P;
  /** Whether the run goes on from an earlier process: look for a checkpoint. */
  readonly resumed: boolean;
  /** The step of the next `log` without a step. */
  readonly step: number;
  /** Aborts when the run must stop; its reason is a RunStoppedError. */
  readonly signal: AbortSignal;
  /**
   * Reports metrics of one step; await it, so that the run stops at the value that decides it.
   *
   * @throws RunStoppedError if the run must stop: let it leave the function.
   */
  log(metrics: Metrics, options?: { readonly step?: number }): Promise<void>;
  /** Sets the values of metrics that count, instead of the last ones. */
  setSummary(metrics: Metrics): void;
  /** Sets the run's name and labels, which replace earlier ones when the run ends. */
  describe(description: Description): void;
  /** Records what the program changed of its parameters, or added to them. */
  setConfig(entries: Readonly<Record<string, InputValue>>): void;
}

/** The code of a trial. */
export type Trial<P = Record<string, Value>> = (
  run: TrialRun<P>,
  context: { readonly signal: AbortSignal },
) => Promise<void> | void;

/** How a run was taken up. */
export interface ActiveRunOptions {
  readonly core: Core;
  readonly sweep: Sweep;
  readonly run: RunMessage;
  /** The number of values at which the first check is due; undefined for never. */
  readonly nextCheck: number | undefined;
  /** Renews the lease, which lasts `seconds`; undefined if a parent process does. */
  readonly lease: { readonly leases: Leases; readonly seconds: number } | undefined;
  readonly resumed: boolean;
  readonly waiter: Waiter;
  readonly warn: (line: string) => void;
  /** Whether another process of the program reports. */
  readonly isSilent?: boolean;
}

/** A run in progress: what it reports, what stops it, and its end. */
export class ActiveRun<P = Record<string, Value>> implements TrialRun<P> {
  readonly params: P;
  readonly resumed: boolean;
  /** The run as it ended; undefined while it goes on, and if it is another agent's. */
  ended: RunMessage | undefined;
  readonly #leased: Leased;
  readonly #isLent: boolean;
  readonly #isSilent: boolean;
  readonly #warn: (line: string) => void;
  readonly #commands = new Commands();
  readonly #sender: RunSender;
  readonly #reporter: Reporter;
  readonly #checks: StopChecks;
  readonly #releaseLease: (() => void) | undefined;
  readonly #config = new ConfigChanges();
  #description: Description = {};
  #step: number;
  #answeredAt = now();
  #isOver = false;
  #logging: Promise<unknown> = Promise.resolve();

  constructor(options: ActiveRunOptions) {
    const { core, sweep, run, nextCheck, lease, resumed, waiter, warn } = options;
    const { sweepId, number = 0n, attempt } = run;
    const isLent = lease === undefined;
    const lastStep = (resumed || isLent) && run.lastStep !== undefined ? Number(run.lastStep) : -1;
    const metrics = sweep.spec?.metrics.map(({ name }) => name) ?? [];
    const commands = this.#commands;
    this.params = parametersOf(run.parameters) as P;
    this.resumed = resumed;
    this.#leased = { sweepId, number, attempt };
    this.#isLent = isLent;
    this.#isSilent = options.isSilent ?? false;
    this.#warn = once(warn);
    this.#step = lastStep + 1;
    this.#sender = new RunSender({ core, run: this.#leased, metrics, waiter, commands, warn });
    this.#reporter = new Reporter({
      send: async (rows, timeout, signal) => {
        await this.#sender.send(rows, timeout, signal);
        this.#answeredAt = now();
      },
      failed: (error) => commands.broken(error),
      leftOut: () => {
        this.#warn(
          `the oldest values of run ${this.number} are left out: the registry has been away for ` +
            "so long that all of them would fill the memory",
        );
      },
      lastStep: Math.max(lastStep, 0),
    });
    const metric = metrics.length === 1 ? metrics[0] : undefined;
    this.#checks = new StopChecks({
      core,
      run: this.#leased,
      schedule: new CheckSchedule(metric, nextCheck, Number(run.metricValues ?? 0n), lastStep),
      flush: (timeout) => this.#reporter.flush(timeout, commands.signal),
      commands,
      warn,
    });
    // The run was canceled before this agent got it back.
    if (run.stopRequested) commands.obey(RunCommand.STOP);
    this.#releaseLease = lease?.leases.keep(this.#leased, lease.seconds, commands);
  }

  get sweepId(): string {
    return this.#leased.sweepId;
  }

  get number(): number {
    return Number(this.#leased.number);
  }

  get attempt(): number {
    return this.#leased.attempt;
  }

  get step(): number {
    return this.#step;
  }

  get signal(): AbortSignal {
    return this.#commands.signal;
  }

  /** The order to stop the run; undefined while it goes on. */
  get stopOrder(): StopOrder | undefined {
    return this.#commands.order;
  }

  /** Whether the run was ended or given back. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Orders the code of the run to stop. */
  stop(order: StopOrder): void {
    this.#commands.stop(order);
  }

  log(metrics: Metrics, options: { readonly step?: number } = {}): Promise<void> {
    const logged = this.#log(metrics, options);
    // A program that does not wait for it must not end by an unhandled rejection: the signal tells.
    logged.catch(() => undefined);
    this.#logging = logged;
    return logged;
  }

  setSummary(metrics: Metrics): void {
    this.#refuseIfOver("setSummary");
    if (!this.#isSilent) this.#reporter.setSummary(numbersOf(metrics, this.#warn));
  }

  describe(description: Description): void {
    this.#refuseIfOver("describe");
    this.#description = { ...this.#description, ...description };
  }

  setConfig(entries: Readonly<Record<string, InputValue>>): void {
    this.#refuseIfOver("setConfig");
    this.#config.set(entries, this.#warn);
  }

  /**
   * Ends the run once, and sends everything that was not sent yet.
   *
   * @param outcome undefined if the run no longer belongs to this agent.
   * @param bring sends the end with another call; not used for a failure.
   */
  async complete(outcome: Outcome | undefined, bring?: BringEnd): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    // What the program logged last may still be on its way.
    await this.#logging.catch(() => undefined);
    // A check that waits for its values would take the end of the reports for an error.
    this.#checks.close();
    const rows = await this.#reporter.close();
    try {
      if (outcome === undefined) {
        this.ended = await this.#sender.endOfThisAttempt();
      } else if (this.#isLent && outcome.case === "succeeded") {
        // The exit code decides, which only the parent sees.
        await this.#sender.deliver(rows);
        await this.#sender.describe(this.#description);
        await this.#sender.storeConfig(this.#config.toMessages());
      } else {
        await this.#sender.describe(this.#description);
        const config = this.#config.toMessages();
        const brings = outcome.case === "failed" ? undefined : bring;
        this.ended = await this.#sender.finish(outcome, rows, config, brings);
      }
    } catch (error) {
      if (!hasCode(error, Code.NotFound) && !hasCode(error, Code.FailedPrecondition)) throw error;
      this.#commands.broken(error);
      this.ended = await this.#sender.endOfThisAttempt();
    } finally {
      this.#releaseLease?.();
    }
  }

  /** Gives the run back, so that any agent can get it. */
  async release(reason: string): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#checks.close();
    await this.#reporter.close();
    try {
      await this.#sender.release(reason);
    } finally {
      this.#releaseLease?.();
    }
  }

  async #log(metrics: Metrics, { step }: { readonly step?: number }): Promise<void> {
    const before = this.#logging;
    this.#refuseIfOver("log");
    this.#commands.throwIfStopped();
    const at = step ?? this.#step;
    if (isStep(at)) {
      const values = this.#isSilent ? {} : numbersOf(metrics, this.#warn);
      this.#step = at + 1;
      this.#reporter.add(at, values);
      this.#checks.observe(at, values);
    } else {
      this.#warn(`log leaves out step ${at}: a step is an integer of at least 0`);
    }
    // In order, also for a program that does not wait.
    await before.catch(() => undefined);
    await this.#checks.askIfDue();
    await this.#flushIfSilent();
    if (this.#commands.order !== undefined) await this.#endIfLent(this.#commands.order);
    this.#commands.throwIfStopped();
  }

  /** The exit code can't tell the parent of a child that the run was stopped; the registry can. */
  async #endIfLent(order: StopOrder): Promise<void> {
    const outcome = outcomeOf(order);
    if (!this.#isLent || outcome === undefined) return;
    // `complete` waits for what was logged, which is this very call.
    this.#logging = Promise.resolve();
    await this.complete(outcome);
  }

  /** Sends values at once if the last answer is old: code that seldom logs gets a command so. */
  async #flushIfSilent(): Promise<void> {
    const isSilent = now() - this.#answeredAt >= PROTOCOL.silence;
    // Training waits once for an unavailable registry.
    if (!isSilent || this.#reporter.isFailing) return;
    try {
      await this.#reporter.flush(PROTOCOL.silenceDeadline, this.signal);
    } catch (error) {
      if (isLost(error)) this.#commands.broken(error);
    }
  }

  #refuseIfOver(what: string): void {
    if (!this.#isOver) return;
    this.#commands.throwIfStopped();
    throw new NoRunError(`${what}: run ${this.number} has ended and takes nothing more`);
  }
}
