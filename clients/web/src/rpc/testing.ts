import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { SweepRegistryService } from "../gen/wanllmdb/api/registry/v1/registry_service_pb";
import { WatchSweepResponseSchema } from "../gen/wanllmdb/api/registry/v1/watch_pb";
import type { Tabs } from "./tabs";
import { type Services, services } from "./transport";

interface Lock {
  readonly tab: FakeTab;
  readonly run: () => void;
}

/** How long a message between tabs takes. */
const DELAY_MS = 3;

/** A browser with tabs, locks in the order of asking, and channels that take a while. */
export class FakeBrowser {
  readonly queues = new Map<string, Lock[]>();
  readonly listeners = new Set<{ tab: FakeTab; name: string; hear: (message: unknown) => void }>();

  open(): FakeTab {
    return new FakeTab(this);
  }

  leave(name: string, lock: Lock): void {
    const queue = this.queues.get(name) ?? [];
    const index = queue.indexOf(lock);
    queue.splice(index, 1);
    if (index === 0) queue[0]?.run();
  }
}

export class FakeTab implements Tabs {
  readonly #locks = new Set<{ name: string; lock: Lock }>();
  #hasCrashed = false;

  constructor(private readonly browser: FakeBrowser) {}

  /** Ends the tab: its locks are freed, and nothing that it posts or hears arrives. */
  crash(): void {
    this.#hasCrashed = true;
    for (const { name, lock } of this.#locks) this.browser.leave(name, lock);
    this.#locks.clear();
  }

  readonly hold: Tabs["hold"] = (name, signal, run) =>
    new Promise((resolve, reject) => {
      if (signal.aborted || this.#hasCrashed) {
        resolve();
        return;
      }
      const queue = this.browser.queues.get(name) ?? [];
      this.browser.queues.set(name, queue);
      const leave = () => {
        if (this.#locks.delete(held)) this.browser.leave(name, lock);
      };
      const abandon = () => {
        leave();
        resolve();
      };
      const start = async () => {
        signal.removeEventListener("abort", abandon);
        // A lock is granted later than the call that frees it.
        await Promise.resolve();
        try {
          await run();
          resolve();
        } catch (error) {
          reject(error);
        } finally {
          leave();
        }
      };
      const lock: Lock = { tab: this, run: () => void start() };
      const held = { name, lock };
      this.#locks.add(held);
      signal.addEventListener("abort", abandon);
      queue.push(lock);
      if (queue[0] === lock) lock.run();
    });

  readonly isWanted: Tabs["isWanted"] = (name) =>
    Promise.resolve((this.browser.queues.get(name)?.length ?? 0) > 1);

  readonly channel: Tabs["channel"] = (name, hear) => {
    const listener = { tab: this, name, hear };
    this.browser.listeners.add(listener);
    return {
      post: (message) => {
        if (this.#hasCrashed) return;
        for (const other of this.browser.listeners) {
          if (other === listener || other.name !== name) continue;
          setTimeout(() => {
            if (this.browser.listeners.has(other) && !other.tab.#hasCrashed) other.hear(message);
          }, DELAY_MS);
        }
      },
      close: () => this.browser.listeners.delete(listener),
    };
  };
}

/** A server whose sweeps have revisions, and whose watches send the latest of them. */
export class FakeServer {
  readonly revisions = new Map<string, bigint>();
  /** The watches that are open, by sweep. */
  readonly open: string[] = [];
  /** The most watches that were open at once, of one sweep and of all. */
  mostOfOne = 0;
  mostOfAll = 0;
  opened = 0;
  #databaseId = "d1";
  readonly #wake = new Set<() => void>();
  #isBroken = false;

  change(sweepId: string): void {
    this.revisions.set(sweepId, (this.revisions.get(sweepId) ?? 0n) + 1n);
    this.#wakeAll();
  }

  /** Breaks all watches. */
  break(): void {
    this.#isBroken = true;
    this.#wakeAll();
    this.#isBroken = false;
  }

  /** Replaces the database by one in which a revision means something else. */
  restore(databaseId: string): void {
    this.#databaseId = databaseId;
    this.break();
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }

  readonly registry: Services["registry"] = services(
    createRouterTransport(({ service }) => {
      const server = this;
      service(SweepRegistryService, {
        getSweep: ({ sweepId }) => ({
          sweep: { sweepId, revision: server.revisions.get(sweepId) ?? 0n },
        }),
        async *watchSweep({ sweepId, sinceRevision, databaseId }, { signal }) {
          if (databaseId !== "" && databaseId !== server.#databaseId) {
            throw new ConnectError("another database", Code.FailedPrecondition);
          }
          let sent = sinceRevision;
          server.#enter(sweepId);
          try {
            yield server.#message(sent);
            while (!signal.aborted) {
              const revision = server.revisions.get(sweepId) ?? 0n;
              if (revision > sent) {
                sent = revision;
                yield server.#message(revision, sweepId);
                continue;
              }
              const isBroken = await server.#nextChange(signal);
              if (isBroken) throw new ConnectError("restarting", Code.Unavailable);
            }
          } finally {
            server.open.splice(server.open.indexOf(sweepId), 1);
          }
        },
      });
    }),
  ).registry;

  #enter(sweepId: string): void {
    this.opened += 1;
    this.open.push(sweepId);
    const ofOne = this.open.filter((id) => id === sweepId).length;
    this.mostOfOne = Math.max(this.mostOfOne, ofOne);
    this.mostOfAll = Math.max(this.mostOfAll, this.open.length);
  }

  #nextChange(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wake.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve(this.#isBroken);
      };
      this.#wake.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #message(revision: bigint, sweepId?: string) {
    return create(WatchSweepResponseSchema, {
      revision,
      databaseId: this.#databaseId,
      change:
        sweepId === undefined
          ? { case: "checkpoint", value: {} }
          : { case: "sweep", value: { sweepId, revision } },
    });
  }
}
