import fc from "fast-check";
import { expect, test } from "vitest";
import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { matchingRows } from "./matchingRows";
import {
  ALL_RUNS,
  filterOfSearch,
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
    key: fc.constantFrom("parameter:lr", "number", "field:agent_id", "objective:loss"),
    min: finite,
    max: finite,
    categories: fc.uniqueArray(fc.nat(9), { maxLength: 4 }).map((all) => all.sort()),
    contains: fc.constantFrom("a", "B", "0"),
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

const CATEGORIES = ["a", "Ab", "", "b", "0", "__proto__", "B0", "c", "á", "ab"];
const agents = { kind: "field", scale: "category", categories: CATEGORIES } as const;
/** Every column has categories, so that each condition has values to name. */
const { columns } = tableOf(
  [],
  ["parameter:lr", "objective:loss", "number", "field:agent_id"].map((key) => ({
    ...agents,
    key,
    values: new Float64Array(),
  })),
);

test("a filter survives the way through an address", () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const address = JSON.stringify(searchOfFilter(filter, columns));
      // JSON has no negative zero.
      const exact = JSON.parse(JSON.stringify(filter));
      expect(filterOfSearch(parseRunFilterSearch(JSON.parse(address)), columns)).toEqual(exact);
    }),
  );
});

test("any address gives a filter, and reading it again changes nothing", () => {
  const search = fc.dictionary(fc.constantFrom("states", "where", "top"), fc.jsonValue());
  fc.assert(
    fc.property(search, (values) => {
      const once = parseRunFilterSearch(values);
      expect(parseRunFilterSearch({ ...once })).toEqual(once);
      expect(matchingRows(tableOf([1, 3]), filterOfSearch(once, []), "minimize")).toHaveLength(2);
    }),
  );
});

test("what is no filter is ignored", () => {
  const where = [
    7,
    null,
    { key: "lr", min: 1 },
    { key: "parameter:lr", min: "1", values: ["x", 1, "x"], contains: "", other: 1 },
    { key: "parameter:lr", min: 2 },
  ];
  expect(parseRunFilterSearch({ states: ["asleep", "toString"], where, top: 1.5 })).toEqual({
    where: [{ key: "parameter:lr", values: ["x"] }],
  });
});

test("a value that the table does not have stays in the filter", () => {
  const search = { where: [{ key: "field:agent_id", values: ["b", "gone"] }] };
  const filter = filterOfSearch(search, columns);
  expect(filter.conditions).toEqual([
    { key: "field:agent_id", categories: [3], unknown: ["gone"] },
  ]);
  expect(searchOfFilter(filter, columns)).toEqual(search);
  expect(searchOfFilter(filterOfSearch(search, []), [])).toEqual(search);
});

test("categories that read the same are chosen together", () => {
  const same = { ...agents, key: "parameter:x", categories: ["1", "2", "1"] };
  const { columns: two } = tableOf([], [{ ...same, values: new Float64Array() }]);
  const search = searchOfFilter(withCondition(ALL_RUNS, "parameter:x", { categories: [0] }), two);
  expect(search).toEqual({ where: [{ key: "parameter:x", values: ["1"] }] });
  expect(filterOfSearch(search, two).conditions[0]?.categories).toEqual([0, 2]);
});

const values = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -3, max: 12 }));
const agent = fc.oneof(fc.constant(Number.NaN), fc.nat(9));
const rows = fc.record({ state: fc.integer({ min: 1, max: 7 }), lr: values, loss: values, agent });

interface Row {
  readonly state: number;
  readonly lr: number;
  readonly loss: number;
  readonly agent?: number;
}

function table(data: readonly Row[]): RunTable {
  return tableOf(
    data.map(({ state }) => state),
    [
      { key: "parameter:lr", values: Float64Array.from(data.map(({ lr }) => lr)) },
      {
        key: "objective:loss",
        kind: "objective",
        values: Float64Array.from(data.map(({ loss }) => loss)),
      },
      {
        ...agents,
        key: "field:agent_id",
        values: Float64Array.from(data.map((row) => row.agent ?? Number.NaN)),
      },
    ],
  );
}

test("the mask is that of a slow reference", () => {
  const goals = fc.constantFrom("minimize", "maximize", undefined);
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 40 }), filters, goals, (data, filter, goal) => {
      const kept = data.filter((row, number) => {
        if (filter.states.length > 0 && !filter.states.includes(row.state)) return false;
        return filter.conditions.every(({ key, min, max, categories, contains, missing }) => {
          if (key === "field:agent_id") {
            const text = CATEGORIES[row.agent];
            if (text === undefined) return missing === true;
            if (categories !== undefined && !categories.includes(row.agent)) return false;
            return contains === undefined || text.toLowerCase().includes(contains.toLowerCase());
          }
          const cells: Record<string, number> = { number, "parameter:lr": row.lr };
          const value = cells[key] ?? row.loss;
          if (Number.isNaN(value)) return missing === true;
          if (min !== undefined && value < min) return false;
          if (max !== undefined && value > max) return false;
          return categories === undefined && contains === undefined;
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
