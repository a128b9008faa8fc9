import { Code, ConnectError } from "@connectrpc/connect";
import type {
  ReadRunColumnsResponse,
  RunColumnsChunk,
  RunColumnsSchema,
} from "../gen/wanllmdb/api/registry/v1/run_columns_pb";
import type { WatchSweepResponse } from "../gen/wanllmdb/api/registry/v1/watch_pb";
import { describeProblem, type Problem } from "../rpc/problems";
import type { Services } from "../rpc/transport";
import { follow, type WatchStatus } from "../rpc/watch";
import { type ColumnKey, columnKeys } from "./columnKeys";
import { RunColumns, type StreamColumns } from "./runColumns";
import { isOnRequest, type RunTable } from "./runTable";

/** The least time between two batches of changes. */
const MIN_INTERVAL_SECONDS = 1n;
/** How long a table without a reader stays current: a change of page must not load it again. */
const LIVE_MS = 5_000;
/** How long it can continue after that, before its memory is freed. */
const KEPT_MS = 60_000;

type Registry = Services["registry"];
type Message = ReadRunColumnsResponse | WatchSweepResponse;

/** What a store has; a new object after each change. */
export interface RunTableState {
  /** The runs that arrived so far; undefined before the first. */
  readonly table: RunTable | undefined;
  /** Why the table is not current. */
  readonly problem: Problem | undefined;
  readonly status: WatchStatus;
}

const NOTHING: RunTableState = {
  table: undefined,
  problem: undefined,
  status: { kind: "connecting" },
};

/**
 * The runs of one sweep: read once as columns, then kept current by a watch, while there
 * are subscribers. A broken watch continues where it was; a broken read, or a watch whose revision the
 * server does not know, begins again, and the table of before stays until the new one is complete.
 */
export class RunTableStore {
  #state = NOTHING;
  readonly #readers = new Set<() => void>();
  readonly #requested = new Set<string>();
  #isVisible = true;
  #stop: AbortController | undefined;
  #end: ReturnType<typeof setTimeout> | undefined;

  #keys: ColumnKey[] = [];
  #columns: RunColumns | undefined;
  #stream: StreamColumns | undefined;
  #isComplete = false;
  /** Whether a table was complete once; until then, rows are shown as they come. */
  #wasComplete = false;
  #versions = 0;
  #revision = 0n;
  #databaseId = "";

  constructor(
    private readonly registry: Registry,
    private readonly sweepId: string,
  ) {}

  readonly getState = (): RunTableState => this.#state;

  /** Calls back after each change, until the returned function is called. */
  readonly subscribe = (changed: () => void): (() => void) => {
    this.#readers.add(changed);
    clearTimeout(this.#end);
    this.#run();
    return () => {
      this.#readers.delete(changed);
      if (this.#readers.size > 0) return;
      this.#end = setTimeout(() => this.#leave(), LIVE_MS);
    };
  };

  #leave(): void {
    this.#halt();
    this.#end = setTimeout(() => {
      this.#forget();
      this.#wasComplete = false;
      this.#state = NOTHING;
    }, KEPT_MS);
  }

  /** Drops the stream while the page is hidden, and continues it later. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (!isVisible) this.#halt();
    else if (this.#readers.size > 0) this.#run();
  }

  /**
   * Adds columns that are read on request, for which the table is read again: the last values of
   * metrics, labels, and the runs' names. Other keys are ignored.
   */
  addColumns(keys: readonly string[]): void {
    const fresh = keys.filter((key) => isOnRequest(key) && !this.#requested.has(key));
    if (fresh.length === 0) return;
    for (const key of fresh) this.#requested.add(key);
    this.restart();
  }

  /** Reads everything again, for example after a problem that ended the watch. */
  restart(): void {
    this.#halt();
    this.#forget();
    if (this.#readers.size > 0) this.#run();
  }

  #run(): void {
    if (this.#stop !== undefined || !this.#isVisible) return;
    const stop = new AbortController();
    this.#stop = stop;
    void follow<Message>({
      open: (signal) => this.#open(signal),
      onMessage: (message) => {
        if (!stop.signal.aborted) this.#receive(message);
      },
      onStatus: (status) => {
        if (!stop.signal.aborted) this.#onStatus(status);
      },
      // A read begins again when it is broken off.
      canContinue: () => this.#isComplete,
      signal: stop.signal,
    });
  }

  #halt(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  #forget(): void {
    this.#columns = undefined;
    this.#stream = undefined;
    this.#isComplete = false;
  }

  #onStatus(status: WatchStatus): void {
    if (status.kind === "ended") {
      this.#stop = undefined;
      this.#publish({ ...this.#state, status, problem: describeProblem(status.error) });
      return;
    }
    const isFailing =
      status.kind === "waiting" &&
      status.error !== undefined &&
      ConnectError.from(status.error).code !== Code.Aborted;
    const problem = isFailing ? describeProblem(status.error) : undefined;
    // While it connects again, the reason stays on the page.
    const shown = status.kind === "connecting" ? this.#state.problem : problem;
    this.#publish({ ...this.#state, status, problem: shown });
  }

  #publish(state: RunTableState): void {
    this.#state = state;
    for (const changed of this.#readers) changed();
  }

  async *#open(signal: AbortSignal): AsyncIterable<Message> {
    try {
      if (!this.#isComplete) yield* this.#read(signal);
      yield* this.#watch(signal);
    } catch (error) {
      // After a restore of the database, what was read before means nothing.
      if (describeProblem(error).reason === "REVISION_UNKNOWN") {
        throw this.#startAgain("The database was restored.");
      }
      throw error;
    }
  }

  /** Forgets the rows, and returns the error that makes `follow` open a new read after a pause. */
  #startAgain(why: string): ConnectError {
    this.#forget();
    return new ConnectError(why, Code.Aborted);
  }

  async *#read(signal: AbortSignal): AsyncIterable<Message> {
    this.#forget();
    const { sweep } = await this.registry.getSweep({ sweepId: this.sweepId }, { signal });
    this.#keys = columnKeys(sweep?.spec, this.#requested);
    const request = { sweepId: this.sweepId, columns: this.#keys };
    yield* this.registry.readRunColumns(request, { signal, timeoutMs: 0 });
    if (!this.#isComplete) {
      throw new ConnectError("The read of the runs broke off.", Code.Unavailable);
    }
  }

  #watch(signal: AbortSignal): AsyncIterable<Message> {
    this.#stream = undefined;
    return this.registry.watchSweep(
      {
        sweepId: this.sweepId,
        sinceRevision: this.#revision,
        databaseId: this.#databaseId,
        minInterval: { seconds: MIN_INTERVAL_SECONDS },
        columns: this.#keys,
      },
      { signal, timeoutMs: 0 },
    );
  }

  #receive(message: Message): void {
    if ("part" in message) {
      const { part } = message;
      if (part.case === "schema") this.#begin(part.value);
      else if (part.case === "chunk") this.#apply(part.value);
      else if (part.case === "end") {
        this.#columns?.complete();
        this.#isComplete = true;
        this.#revision = part.value.revision;
        this.#databaseId = part.value.databaseId;
        this.#show();
      }
      return;
    }
    const { change, revision, databaseId } = message;
    if (change.case === "schema") {
      this.#stream = this.#columns?.streamOf(change.value);
      if (this.#stream === undefined) {
        // What follows would not fit into the table.
        throw this.#startAgain("The sweep's columns changed.");
      }
    } else if (change.case === "chunk") this.#apply(change.value);
    this.#revision = revision;
    this.#databaseId = databaseId;
    if (change.case === "chunk") this.#show();
  }

  #begin(schema: RunColumnsSchema): void {
    this.#columns = new RunColumns(schema);
    this.#stream = this.#columns.streamOf(schema);
    if (!this.#wasComplete) this.#show();
  }

  #apply(chunk: RunColumnsChunk): void {
    if (this.#columns === undefined || this.#stream === undefined) return;
    this.#columns.apply(chunk, this.#stream);
    if (!this.#wasComplete) this.#show();
  }

  #show(): void {
    if (this.#columns === undefined) return;
    if (this.#isComplete) this.#wasComplete = true;
    const table = { ...this.#columns.snapshot(this.#revision), version: ++this.#versions };
    this.#publish({ ...this.#state, table, problem: undefined });
  }
}

const stores = new WeakMap<Registry, Map<string, RunTableStore>>();

/** Returns the store of a sweep, the same for every caller. */
export function runTableStore(registry: Registry, sweepId: string): RunTableStore {
  const bySweep = stores.get(registry) ?? new Map<string, RunTableStore>();
  stores.set(registry, bySweep);
  const known = bySweep.get(sweepId);
  if (known !== undefined) return known;
  const store = new RunTableStore(registry, sweepId);
  bySweep.set(sweepId, store);
  return store;
}
