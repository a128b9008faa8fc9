import fc from "fast-check";
import { expect, test } from "vitest";
import {
  cleanName,
  firstView,
  NO_VIEWS,
  readViews,
  renamedView,
  shownView,
  type ViewStorage,
  type Views,
  viewSearch,
  withFirst,
  withoutView,
  withView,
  writeViews,
} from "./views";

class Memory implements ViewStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

const names = fc.string({ minLength: 1, maxLength: 12 }).map(cleanName).filter(Boolean);
const searches = fc
  .record(
    {
      sort: fc.constantFrom("number", "-objective:loss"),
      columns: fc.uniqueArray(fc.constantFrom("parameter:lr", "objective:loss"), { minLength: 1 }),
      top: fc.constantFrom(0.1, 0.5),
      states: fc.constantFrom(["failed"], ["queued", "lost"]),
    },
    { requiredKeys: [] },
  )
  .map(viewSearch);
const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("save" as const), name: names, search: searches }),
    fc.record({ do: fc.constant("delete" as const), name: names }),
    fc.record({ do: fc.constant("rename" as const), name: names, to: names }),
    fc.record({ do: fc.constant("first" as const), name: names }),
  ),
  { maxLength: 12 },
);

test("views survive the storage, with unique names and a first one that exists", () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const storage = new Memory();
      let views: Views = NO_VIEWS;
      for (const step of steps) {
        if (step.do === "save") views = withView(views, step);
        else if (step.do === "delete") views = withoutView(views, step.name);
        else if (step.do === "rename") views = renamedView(views, step.name, step.to);
        else views = withFirst(views, step.name);
        const saved = {
          ...views,
          views: views.views.map(({ name, search }) => ({ name, search })),
        };
        expect(writeViews(storage, "demo", saved)).toBe(true);
        expect(readViews(storage, "demo")).toEqual(saved);
        expect(readViews(storage, "other")).toEqual(NO_VIEWS);
        const all = views.views.map(({ name }) => name);
        expect(new Set(all).size).toBe(all.length);
        if (views.first !== undefined) expect(all).toContain(views.first);
      }
    }),
  );
});

test("a view is what the address holds, without the open run and the comparison", () => {
  const search = { states: ["failed"], sort: "-number", run: 3, compare: [1, 2], other: 1 };
  expect(viewSearch(search)).toEqual({ states: ["failed"], sort: "-number" });
});

test("a view has the name that its user chose", () => {
  const one = withView(NO_VIEWS, { name: "best", search: { top: 0.1 } });
  const two = withFirst(withView(one, { name: "failed", search: {} }), "best");
  expect(renamedView(two, "best", " failed ")).toBe(two);
  const renamed = renamedView(two, "best", "  top ten ");
  expect(firstView(renamed)).toEqual({ name: "top ten", search: { top: 0.1 } });
  expect(shownView(renamed, { top: 0.1 })?.name).toBe("top ten");
  expect(withoutView(renamed, "top ten").first).toBeUndefined();
});

test.each(["", "[]", "{", '{"views": [1, {"name": ""}, {"name": "a"}], "first": 3}'])(
  "what another program wrote is ignored: %s",
  (text) => {
    const storage = new Memory();
    storage.setItem("wanllmdb.views.demo", text);
    expect(readViews(storage, "demo")).toEqual(NO_VIEWS);
  },
);

test("a browser without a storage has no views", () => {
  const refusing: ViewStorage = {
    getItem: () => {
      throw new Error("refused");
    },
    setItem: () => {
      throw new Error("full");
    },
    removeItem: () => {},
  };
  expect(readViews(refusing, "demo")).toEqual(NO_VIEWS);
  const views = withView(NO_VIEWS, { name: "a", search: {} });
  expect(writeViews(refusing, "demo", views)).toBe(false);
});
