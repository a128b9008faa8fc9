import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SweepSchema, SweepState } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { callForEach, eligible, namesOf } from "./bulk";

function sweeps(...states: SweepState[]) {
  return states.map((state, index) => create(SweepSchema, { sweepId: `s${index}`, state }));
}

test("an action is applied to the sweeps whose state allows it", () => {
  const all = sweeps(SweepState.RUNNING, SweepState.PAUSED, SweepState.FINISHED);
  const ids = (action: Parameters<typeof eligible>[1]) =>
    eligible(all, action).map(({ sweepId }) => sweepId);
  expect(ids("pause")).toEqual(["s0"]);
  expect(ids("resume")).toEqual(["s1"]);
  expect(ids("cancel")).toEqual(["s0", "s1"]);
  expect(ids("delete")).toEqual(["s0", "s1", "s2"]);
});

test("each sweep is called once, and failures are returned by sweep in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (failing) => {
      const all = sweeps(...failing.map(() => SweepState.RUNNING));
      const called: string[] = [];
      let atOnce = 0;
      const failures = await callForEach(all, async (sweep) => {
        atOnce += 1;
        expect(atOnce).toBeLessThanOrEqual(2);
        called.push(sweep.sweepId);
        await Promise.resolve();
        atOnce -= 1;
        if (failing[all.indexOf(sweep)]) throw new Error(sweep.sweepId);
      });
      expect(called.sort()).toEqual(all.map(({ sweepId }) => sweepId).sort());
      expect(failures.map(({ sweep }) => sweep)).toEqual(all.filter((_, index) => failing[index]));
    }),
    { numRuns: 50 },
  );
});

test("many names are cut, and the rest is counted; a sweep without a name has its id", () => {
  const all = sweeps(...Array.from({ length: 11 }, () => SweepState.RUNNING));
  const { names, more } = namesOf(all);
  expect([names.length, more, names[0]]).toEqual([8, 3, "s0"]);
  expect(namesOf([])).toEqual({ names: [], more: 0 });
});
