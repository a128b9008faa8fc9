import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { SweepRegistryService } from "../gen/wanllmdb/api/registry/v1/registry_service_pb";
import {
  type WatchSweepRequest,
  WatchSweepResponseSchema,
} from "../gen/wanllmdb/api/registry/v1/watch_pb";
import { services } from "./transport";
import { watchSweep } from "./watchSweep";

function change(revision: bigint, name?: string) {
  return create(WatchSweepResponseSchema, {
    revision,
    databaseId: "d1",
    change:
      name === undefined
        ? { case: "checkpoint", value: {} }
        : { case: "sweep", value: { name, revision } },
  });
}

test("a broken watch continues after the last revision, a checkpoint's too, in the same database", async () => {
  const asked: WatchSweepRequest[] = [];
  const stop = new AbortController();
  const { registry } = services(
    createRouterTransport(({ service }) => {
      service(SweepRegistryService, {
        async *watchSweep(request) {
          asked.push(request);
          if (asked.length > 1) {
            yield change(12n, "third");
            return;
          }
          yield change(8n, "first");
          yield change(9n, "second");
          yield change(11n);
          throw new ConnectError("restarting", Code.Unavailable);
        },
      });
    }),
  );
  const names: string[] = [];
  await watchSweep({
    registry,
    sweepId: "abc",
    since: 7n,
    onSweep: ({ name }) => {
      names.push(name);
      if (name === "third") stop.abort();
    },
    onStatus: () => {},
    signal: stop.signal,
  });

  expect(names).toEqual(["first", "second", "third"]);
  expect(asked.map(({ sinceRevision, databaseId }) => [sinceRevision, databaseId])).toEqual([
    [7n, ""],
    [11n, "d1"],
  ]);
  expect(asked.every(({ sweepId, withoutRuns }) => sweepId === "abc" && withoutRuns)).toBe(true);
});

test("after changed runs the sweep is read once", async () => {
  const stop = new AbortController();
  let reads = 0;
  const { registry } = services(
    createRouterTransport(({ service }) => {
      service(SweepRegistryService, {
        async *watchSweep(_, { signal }) {
          for (const number of [0n, 1n, 2n]) {
            yield create(WatchSweepResponseSchema, {
              revision: 8n + number,
              change: { case: "run", value: { number } },
            });
          }
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
        getSweep() {
          reads += 1;
          return { sweep: { name: "read", stats: { finishedRuns: 3n } } };
        },
      });
    }),
  );
  const seen: bigint[] = [];
  await watchSweep({
    registry,
    sweepId: "abc",
    since: 7n,
    onSweep: ({ stats }) => {
      seen.push(stats?.finishedRuns ?? 0n);
      stop.abort();
    },
    onStatus: () => {},
    signal: stop.signal,
  });

  expect(seen).toEqual([3n]);
  expect(reads).toBe(1);
});
