import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb";
import { AxisScale } from "../gen/wanllmdb/api/registry/v1/plots_pb";
import {
  GetSweepResponseSchema,
  SweepRegistryService,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb";
import {
  type ReadRunColumnsRequest,
  type ReadRunColumnsResponseSchema,
  type RunColumnsChunkSchema,
  RunField,
} from "../gen/wanllmdb/api/registry/v1/run_columns_pb";
import type {
  WatchSweepRequest,
  WatchSweepResponseSchema,
} from "../gen/wanllmdb/api/registry/v1/watch_pb";
import { services } from "../rpc/transport";
import { RunTableStore, runTableStore } from "./runTableStore";

type Part = MessageInitShape<typeof ReadRunColumnsResponseSchema>;
type Change = MessageInitShape<typeof WatchSweepResponseSchema>;

function schemaOf(runCount: number) {
  const key = { key: { case: "parameter" as const, value: "lr" } };
  return { columns: [{ key, scale: AxisScale.LINEAR }], runCount: BigInt(runCount) };
}

function chunkOf(rows: Record<number, number>): MessageInitShape<typeof RunColumnsChunkSchema> {
  const numbers = Object.keys(rows);
  return {
    runNumbers: numbers.map(BigInt),
    states: numbers.map(() => 3),
    columns: [{ numbers: Object.values(rows) }],
  };
}

function schema(runCount: number): Part {
  return { part: { case: "schema", value: schemaOf(runCount) } };
}

function rows(values: Record<number, number>): Part {
  return { part: { case: "chunk", value: chunkOf(values) } };
}

function end(revision: bigint, databaseId = "d1"): Part {
  return { part: { case: "end", value: { revision, databaseId } } };
}

function changed(revision: bigint, values?: Record<number, number>): Change {
  const change: Change["change"] =
    values === undefined
      ? { case: "schema", value: schemaOf(0) }
      : { case: "chunk", value: chunkOf(values) };
  return { revision, databaseId: "d1", change };
}

/** A server whose n-th read and watch send the n-th list; a watch stays open after it. */
class FakeRegistry {
  readonly reads: ReadRunColumnsRequest[] = [];
  readonly watches: WatchSweepRequest[] = [];
  open = 0;

  constructor(
    private readonly parts: readonly (readonly (Part | ConnectError)[])[],
    private readonly changes: readonly (readonly (Change | ConnectError)[])[],
  ) {}

  connect() {
    const implementation: Partial<ServiceImpl<typeof SweepRegistryService>> = {
      getSweep: () =>
        create(GetSweepResponseSchema, {
          sweep: {
            spec: { searchSpace: { parameters: [{ name: "lr" }] }, metrics: [{ name: "loss" }] },
          },
        }),
      readRunColumns: (request) => send(this.parts[this.reads.push(request) - 1] ?? []),
      watchSweep: async function* (
        this: FakeRegistry,
        request: WatchSweepRequest,
        context: Context,
      ) {
        yield* send(this.changes[this.watches.push(request) - 1] ?? []);
        this.open += 1;
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
        this.open -= 1;
      }.bind(this),
    };
    return services(
      createRouterTransport(({ service }) => {
        service(SweepRegistryService, implementation);
      }),
    ).registry;
  }
}

interface Context {
  readonly signal: AbortSignal;
}

async function* send<Message>(messages: readonly (Message | ConnectError)[]) {
  for (const message of messages) {
    if (message instanceof ConnectError) throw message;
    yield message;
  }
}

function start(server: FakeRegistry) {
  const store = new RunTableStore(server.connect(), "abc");
  const counts: number[] = [];
  const leave = store.subscribe(() => {
    const count = store.getState().table?.count;
    if (count !== undefined && count !== counts.at(-1)) counts.push(count);
  });
  const values = () => {
    const table = store.getState().table;
    return [...(table?.columns[0]?.values.slice(0, table.count) ?? [])];
  };
  return { store, counts, values, leave };
}

function unknownRevision() {
  return new ConnectError("restored", Code.FailedPrecondition, undefined, [
    { desc: ErrorInfoSchema, value: { reason: "REVISION_UNKNOWN", domain: "wanllmdb.dev" } },
  ]);
}

test("rows are shown as they come, and the watch continues after the read", async () => {
  const server = new FakeRegistry(
    [[schema(3), rows({ 0: 0.1, 1: 0.2 }), rows({ 2: 0.3 }), end(7n)]],
    [[changed(7n), changed(9n, { 3: 0.4, 1: 0.25 })]],
  );
  const { store, counts, values, leave } = start(server);
  await vi.waitFor(() => expect(values()).toEqual([0.1, 0.25, 0.3, 0.4]));
  expect(counts).toEqual([0, 2, 3, 4]);
  expect(store.getState().table).toMatchObject({ revision: 9n, expected: 4 });
  expect(store.getState().status.kind).toBe("live");
  expect(server.watches[0]).toMatchObject({
    sweepId: "abc",
    sinceRevision: 7n,
    databaseId: "d1",
    minInterval: { seconds: 1n },
    columns: server.reads[0]?.columns,
  });
  leave();
  store.setVisible(false);
});

test("a read that breaks off begins again", async () => {
  const broken = new ConnectError("restarting", Code.Unavailable);
  const server = new FakeRegistry(
    [
      [schema(2), rows({ 0: 0.1 }), broken],
      [schema(2), rows({ 0: 0.1 })],
      [schema(2), rows({ 0: 0.1, 1: 0.2 }), end(3n)],
    ],
    [],
  );
  const { store, values } = start(server);
  await vi.waitFor(() => expect(server.reads).toHaveLength(2), 3_000);
  await vi.waitFor(() => expect(values()).toEqual([0.1, 0.2]), 3_000);
  expect(store.getState().problem).toBeUndefined();
  store.setVisible(false);
});

test("a broken watch continues after the last revision", async () => {
  const broken = new ConnectError("restarting", Code.Unavailable);
  const server = new FakeRegistry(
    [[schema(1), rows({ 0: 0.1 }), end(3n)]],
    [
      [changed(3n), changed(5n, { 0: 0.2 }), broken],
      [changed(5n), changed(6n, { 1: 0.3 })],
    ],
  );
  const { store, values } = start(server);
  await vi.waitFor(() => expect(values()).toEqual([0.2]));
  await vi.waitFor(() => expect(store.getState().problem?.text).toBe("restarting"));
  await vi.waitFor(() => expect(values()).toEqual([0.2, 0.3]), 3_000);
  expect(store.getState().problem).toBeUndefined();
  expect(server.watches.map(({ sinceRevision }) => sinceRevision)).toEqual([3n, 5n]);
  expect(server.reads).toHaveLength(1);
  store.setVisible(false);
});

test("after a restore of the database, the table is read again and the old one stays until then", async () => {
  const server = new FakeRegistry(
    [
      [schema(2), rows({ 0: 0.1, 1: 0.2 }), end(9n)],
      [schema(1), rows({ 0: 0.5 }), end(2n, "d2")],
    ],
    [[unknownRevision()]],
  );
  const { store, counts, values } = start(server);
  await vi.waitFor(() => expect(values()).toEqual([0.5]));
  expect(counts).toEqual([0, 2, 1]);
  await vi.waitFor(() => expect(server.watches).toHaveLength(2));
  expect(server.watches[1]).toMatchObject({ sinceRevision: 2n, databaseId: "d2" });
  store.setVisible(false);
});

test("a watch whose columns differ makes a new table", async () => {
  const other: Change = {
    revision: 3n,
    databaseId: "d1",
    change: { case: "schema", value: { columns: [] } },
  };
  const server = new FakeRegistry(
    [
      [schema(1), rows({ 0: 0.1 }), end(3n)],
      [schema(1), rows({ 0: 0.7 }), end(4n)],
    ],
    [[other, changed(4n, { 0: 0.6 })]],
  );
  const { store, values } = start(server);
  await vi.waitFor(() => expect(values()).toEqual([0.7]));
  store.setVisible(false);
});

test("a hidden page drops its stream and continues it", async () => {
  const server = new FakeRegistry([[schema(1), rows({ 0: 0.1 }), end(3n)]], [[changed(3n)]]);
  const { store } = start(server);
  await vi.waitFor(() => expect(server.open).toBe(1));
  store.setVisible(false);
  await vi.waitFor(() => expect(server.open).toBe(0));
  store.setVisible(true);
  await vi.waitFor(() => expect(server.open).toBe(1));
  expect(server.reads).toHaveLength(1);
  expect(server.watches.map(({ sinceRevision }) => sinceRevision)).toEqual([3n, 3n]);
  store.setVisible(false);
});

test("a sweep that does not exist is a problem, and no call follows", async () => {
  const server = new FakeRegistry([[new ConnectError("no such sweep", Code.NotFound)]], []);
  const { store } = start(server);
  await vi.waitFor(() => expect(store.getState().problem?.text).toBe("no such sweep"));
  expect(server.reads).toHaveLength(1);
  expect(store.getState().table).toBeUndefined();
});

test("metrics, labels and names on request become columns", async () => {
  const server = new FakeRegistry(
    [
      [schema(1), rows({ 0: 0.1 }), end(3n)],
      [schema(1), rows({ 0: 0.1 }), end(3n)],
    ],
    [],
  );
  const { store } = start(server);
  await vi.waitFor(() => expect(server.watches).toHaveLength(1));
  store.addColumns(["summary:accuracy", "label:a:b", "field:name"]);
  store.addColumns(["summary:accuracy", "parameter:lr", "field:duration", "label:"]);
  await vi.waitFor(() => expect(server.watches).toHaveLength(2));
  expect(server.reads).toHaveLength(2);
  const added = ["accuracy", "a:b", RunField.NAME];
  const keys = (read: number) => server.reads[read]?.columns.map(({ key }) => key.value) ?? [];
  expect(keys(1).filter((key) => !keys(0).includes(key))).toEqual(added);
  store.setVisible(false);
});

test("all pages of a sweep have one store", () => {
  const registry = new FakeRegistry([], []).connect();
  expect(runTableStore(registry, "a")).toBe(runTableStore(registry, "a"));
  expect(runTableStore(registry, "a")).not.toBe(runTableStore(registry, "b"));
});
