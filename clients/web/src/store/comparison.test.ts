import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Goal, SweepSchema } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { comparisonOf, metricChoices } from "./comparison";

const { MINIMIZE, MAXIMIZE, UNSPECIFIED } = Goal;

function sweep(sweepId: string, metrics: Record<string, Goal>) {
  const named = Object.entries(metrics).map(([name, goal]) => ({ name, goal }));
  return create(SweepSchema, { sweepId, spec: { metrics: named } });
}

test("the metric that most sweeps have is compared, and the others are named with a reason", () => {
  const sweeps = [
    sweep("a", { accuracy: MAXIMIZE }),
    sweep("b", { loss: MINIMIZE, size: MINIMIZE }),
    sweep("c", { loss: UNSPECIFIED }),
    sweep("d", { loss: MAXIMIZE }),
    sweep("e", {}),
  ];
  expect(comparisonOf(sweeps, {})).toEqual({
    choice: { name: "loss" },
    metric: "loss",
    label: "loss",
    goal: "minimize",
    sweepIds: ["b", "c"],
    incomparable: [
      { sweepId: "a", reason: "It has no metric loss; it has accuracy." },
      { sweepId: "d", reason: "It maximizes loss; the sweeps in the charts minimize it." },
      { sweepId: "e", reason: "It has no metric, so that none of its runs is better." },
    ],
  });
});

test("sweeps with differently named metrics are compared by the only metric of each", () => {
  const sweeps = [
    sweep("a", { loss: MINIMIZE }),
    sweep("b", { val_loss: MINIMIZE }),
    sweep("c", { loss: MINIMIZE, size: MINIMIZE }),
  ];
  expect(metricChoices(sweeps)).toEqual([
    { name: "loss" },
    { name: "val_loss" },
    { name: "size" },
    "own",
  ]);
  expect(comparisonOf(sweeps, { own: true })).toMatchObject({
    choice: "own",
    metric: "",
    sweepIds: ["a", "b"],
    incomparable: [{ sweepId: "c" }],
  });
});

test("a metric that no sweep has is not compared, and no sweeps are no fault", () => {
  expect(comparisonOf([sweep("a", { loss: MINIMIZE })], { metric: "f1" }).metric).toBe("loss");
  expect(comparisonOf([sweep("a", { loss: MINIMIZE })], { own: true }).choice).toEqual({
    name: "loss",
  });
  expect(comparisonOf([], {})).toMatchObject({ choice: undefined, sweepIds: [] });
});

test("each sweep is either compared or named, and those compared have one goal", () => {
  const metrics = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.constantFrom(MINIMIZE, MAXIMIZE, UNSPECIFIED),
  );
  const settings = fc.record(
    { metric: fc.constantFrom("a", "b", "c", "d"), own: fc.constant(true as const) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(metrics, { maxLength: 6 }), settings, (all, chosen) => {
      const sweeps = all.map((each, index) => sweep(String(index), each));
      const { sweepIds, incomparable, metric, goal } = comparisonOf(sweeps, chosen);
      const named = [...sweepIds, ...incomparable.map(({ sweepId }) => sweepId)];
      expect(named.sort()).toEqual(sweeps.map(({ sweepId }) => sweepId).sort());
      for (const id of sweepIds) {
        const own = all[Number(id)] ?? {};
        const found = metric === "" ? Object.values(own)[0] : own[metric];
        expect(found === MAXIMIZE ? "maximize" : "minimize").toBe(goal);
        expect(found).toBeDefined();
      }
      // A comparison that is possible is not empty.
      if (sweeps.some((each) => (each.spec?.metrics.length ?? 0) > 0)) {
        expect(sweepIds.length).toBeGreaterThan(0);
      }
    }),
  );
});
