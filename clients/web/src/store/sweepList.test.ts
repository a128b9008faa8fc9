import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { WatchSweepsResponseSchema } from "../gen/wanllmdb/api/registry/v1/watch_pb";
import { applyMessage, NO_SWEEPS, rowsOf, type SweepList } from "./sweepList";

type Message = MessageInitShape<typeof WatchSweepsResponseSchema>;

function after(list: SweepList, ...messages: Message[]): SweepList {
  return messages.reduce<SweepList>(
    (current, message) => applyMessage(current, create(WatchSweepsResponseSchema, message)),
    list,
  );
}

function named(list: SweepList): string[] {
  return rowsOf(list).map(({ sweepId, name }) => `${sweepId} ${name}`);
}

const FIRST: Message[] = [
  { sweeps: [{ sweepId: "a", name: "one" }], totalCount: 9n },
  {
    sweeps: [{ sweepId: "b", name: "two" }],
    orderedSweepIds: ["b", "a"],
    totalCount: 9n,
    isCurrent: true,
  },
];

test("the list is complete with the last of its first messages", () => {
  const half = after(NO_SWEEPS, ...FIRST.slice(0, 1));
  expect(half.isComplete).toBe(false);
  const whole = after(half, ...FIRST.slice(1));
  expect(whole.isComplete).toBe(true);
  expect(named(whole)).toEqual(["b two", "a one"]);
  expect(whole.total).toBe(9);
});

test("a changed sweep takes the place that it had", () => {
  const list = after(NO_SWEEPS, ...FIRST, {
    sweeps: [{ sweepId: "a", name: "renamed" }],
    totalCount: 9n,
    isCurrent: true,
  });
  expect(named(list)).toEqual(["b two", "a renamed"]);
});

test("a new sweep pushes another one out of the list", () => {
  const list = after(NO_SWEEPS, ...FIRST, {
    sweeps: [{ sweepId: "c", name: "three" }],
    removedSweepIds: ["a"],
    orderedSweepIds: ["c", "b"],
    totalCount: 10n,
    isCurrent: true,
  });
  expect(named(list)).toEqual(["c three", "b two"]);
  expect([...list.sweeps.keys()].sort()).toEqual(["b", "c"]);
});

test("without an order of its own a message only removes", () => {
  const list = after(NO_SWEEPS, ...FIRST, { removedSweepIds: ["b"], totalCount: 8n });
  expect(named(list)).toEqual(["a one"]);
  expect(named(after(list, { removedSweepIds: ["a"], totalCount: 0n }))).toEqual([]);
});

test("an empty list is complete with a checkpoint", () => {
  expect(after(NO_SWEEPS, { isCurrent: true })).toMatchObject({ order: [], isComplete: true });
});

test("a message changes no list that was shown before", () => {
  const before = after(NO_SWEEPS, ...FIRST);
  const shown = named(before);
  after(before, { removedSweepIds: ["a", "b"] });
  expect(named(before)).toEqual(shown);
});
