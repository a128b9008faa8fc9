import fc from "fast-check";
import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import {
  ALL_RUNS,
  filterOfSearch,
  matchingRows,
  parseRunFilterSearch,
  searchOfFilter,
  withCondition,
} from "./runFilter";
import { RUN_STATE_NAMES, RUN_STATES } from "./runStates";
import type { RunFilter, RunTable } from "./runTable";
import { tableOf } from "./testing";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const condition = fc.record(
  {
    key: fc.constantFrom("parameter:lr", "parameter:a:b", "field:agent_id", "objective:loss"),
    min: finite,
    max: finite,
    categories: fc.array(fc.nat(9), { maxLength: 4 }),
    missing: fc.boolean(),
  },
  { requiredKeys: ["key"] },
);
const filters: fc.Arbitrary<RunFilter> = fc
  .record(
    {
      states: fc.uniqueArray(fc.constantFrom(...RUN_STATE_NAMES)),
      conditions: fc.uniqueArray(condition, { selector: ({ key }) => key, maxLength: 4 }),
      top: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
    },
    { requiredKeys: ["states", "conditions"] },
  )
  .map(({ states, ...rest }) => ({
    ...rest,
    states: RUN_STATE_NAMES.filter((name) => states.includes(name)).map((n) => RUN_STATES[n]),
  }));

test("a filter survives the way through an address", () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const address = JSON.stringify(searchOfFilter(filter));
      // JSON has no negative zero.
      const exact = JSON.parse(JSON.stringify(filter));
      expect(filterOfSearch(parseRunFilterSearch(JSON.parse(address)))).toEqual(exact);
    }),
  );
});

test("any address gives a filter, and reading it again changes nothing", () => {
  const search = fc.dictionary(fc.constantFrom("states", "where", "top"), fc.jsonValue());
  fc.assert(
    fc.property(search, (values) => {
      const once = parseRunFilterSearch(values);
      expect(parseRunFilterSearch({ ...once })).toEqual(once);
      expect(matchingRows(tableOf([1, 3]), filterOfSearch(once), "minimize")).toHaveLength(2);
    }),
  );
});

test("what is no filter is ignored", () => {
  const where = [
    7,
    null,
    { key: "lr", min: 1 },
    { key: "parameter:lr", min: "1", categories: [1, -1, 0.5], other: 1 },
    { key: "parameter:lr", min: 2 },
  ];
  expect(parseRunFilterSearch({ states: ["asleep", "toString"], where, top: 1.5 })).toEqual({
    where: [{ key: "parameter:lr", categories: [1] }],
  });
});

const values = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -3, max: 12 }));
const rows = fc.record({ state: fc.integer({ min: 1, max: 7 }), lr: values, loss: values });

function table(data: readonly { state: number; lr: number; loss: number }[]): RunTable {
  return tableOf(
    data.map(({ state }) => state),
    [
      { key: "parameter:lr", values: Float64Array.from(data.map(({ lr }) => lr)) },
      {
        key: "objective:loss",
        kind: "objective",
        values: Float64Array.from(data.map(({ loss }) => loss)),
      },
    ],
  );
}

test("the mask is that of a slow reference", () => {
  const goals = fc.constantFrom("minimize", "maximize", undefined);
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 40 }), filters, goals, (data, filter, goal) => {
      const kept = data.filter((row) => {
        if (filter.states.length > 0 && !filter.states.includes(row.state)) return false;
        return filter.conditions.every(({ key, min, max, categories, missing }) => {
          if (key !== "parameter:lr" && key !== "objective:loss") return true;
          const value = key === "parameter:lr" ? row.lr : row.loss;
          if (Number.isNaN(value)) return missing === true;
          if (min !== undefined && value < min) return false;
          if (max !== undefined && value > max) return false;
          return categories === undefined || categories.includes(value);
        });
      });
      let expected = kept;
      if (filter.top !== undefined && goal !== undefined) {
        const sign = goal === "minimize" ? 1 : -1;
        const scored = kept.filter(({ loss }) => !Number.isNaN(loss));
        scored.sort((one, other) => sign * (one.loss - other.loss));
        const last = scored[Math.ceil(filter.top * scored.length) - 1];
        expected = scored.filter(
          ({ loss }) => last !== undefined && sign * loss <= sign * last.loss,
        );
      }
      const mask = matchingRows(table(data), filter, goal);
      expect([...mask]).toEqual(data.map((row) => (expected.includes(row) ? 1 : 0)));
    }),
  );
});

test("the best tenth is among the runs that match the rest", () => {
  const data = Array.from({ length: 20 }, (_, index) => ({
    state: index % 2 === 0 ? RunState.FINISHED : RunState.PRUNED,
    lr: 1,
    loss: index,
  }));
  const filter = { ...ALL_RUNS, states: [RunState.PRUNED], top: 0.1 };
  const best = (goal: "minimize" | "maximize") =>
    matchingRows(table(data), filter, goal).indexOf(1);
  expect([best("minimize"), best("maximize")]).toEqual([1, 19]);
});

test("a condition replaces the column's earlier one", () => {
  const once = withCondition(ALL_RUNS, "parameter:lr", { min: 1 });
  const twice = withCondition(once, "parameter:lr", { max: 2 });
  expect(twice.conditions).toEqual([{ key: "parameter:lr", max: 2 }]);
  expect(withCondition(twice, "parameter:lr", undefined)).toEqual(ALL_RUNS);
});
