import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  CreateSweepResponseSchema,
  ImportRunsResponseSchema,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb";
import { type CreationPlan, isSamePlan, SweepCreation } from "./sweepCreation";

interface Call {
  readonly name: string;
  readonly requestId: string | undefined;
  readonly part: unknown;
}

/** A registry that fails when it is asked to, after it has done its work. */
function registry(failures: Set<number>) {
  const calls: Call[] = [];
  const answered = <Answer>(call: Call, answer: Answer): Promise<Answer> => {
    calls.push(call);
    return failures.delete(calls.length)
      ? Promise.reject(new Error("lost"))
      : Promise.resolve(answer);
  };
  return {
    calls,
    createSweep: (request: { requestId?: string; priorRunSource?: unknown }) =>
      answered(
        { name: "create", requestId: request.requestId, part: request.priorRunSource },
        create(CreateSweepResponseSchema, { sweep: { sweepId: "s" }, importedRuns: 2n }),
      ),
    importRuns: (request: { requestId?: string; source?: unknown }) =>
      answered(
        { name: "import", requestId: request.requestId, part: request.source },
        create(ImportRunsResponseSchema, { importedRuns: 3n, skippedRuns: 1n }),
      ),
  };
}

const PLAN: CreationPlan = {
  text: "method: random",
  prior: { kind: "csv", parts: ["one", "two", "three"] },
  skipUnfit: false,
};

function ids() {
  let count = 0;
  return () => `id-${++count}`;
}

test("the first part goes in with the sweep, the others after it", async () => {
  const server = registry(new Set());
  const state = await new SweepCreation(server, PLAN, ids()).run();
  expect(server.calls.map(({ name }) => name)).toEqual(["create", "import", "import"]);
  expect(state).toMatchObject({ imported: 8n, skipped: 2n, partsDone: 3, parts: 3 });
});

test("a creation whose answer was lost is repeated with the same id", async () => {
  const server = registry(new Set([1]));
  const creation = new SweepCreation(server, PLAN, ids());
  await expect(creation.run()).rejects.toThrow("lost");
  expect(creation.state).toBeUndefined();
  await creation.run();
  expect(server.calls[0]).toEqual(server.calls[1]);
});

test("an import that failed goes on where it stopped, with the same id", async () => {
  const server = registry(new Set([3]));
  const creation = new SweepCreation(server, PLAN, ids());
  await expect(creation.run()).rejects.toThrow("lost");
  expect(creation.state).toMatchObject({ partsDone: 2, parts: 3 });
  await creation.run();
  expect(server.calls).toHaveLength(4);
  expect(server.calls[2]).toEqual(server.calls[3]);
});

test("leaving out unfit runs is another request", async () => {
  const server = registry(new Set([2]));
  const creation = new SweepCreation(server, PLAN, ids());
  await expect(creation.run()).rejects.toThrow("lost");
  await creation.run(true);
  expect(server.calls[1]?.requestId).not.toBe(server.calls[2]?.requestId);
});

test("a sweep without prior runs has no source of them", async () => {
  const server = registry(new Set());
  await new SweepCreation(server, { ...PLAN, prior: { kind: "none" } }, ids()).run();
  expect(server.calls).toEqual([{ name: "create", requestId: "id-1", part: undefined }]);
});

test("plans are the same if they make the same sweep", () => {
  expect(isSamePlan(PLAN, { ...PLAN })).toBe(true);
  expect(isSamePlan(PLAN, { ...PLAN, text: "" })).toBe(false);
});
