import { expect, test } from "vitest";
import { buildFile } from "./buildFile";

test("a file has its parts in order, and the page answers between them", async () => {
  const events: string[] = [];
  setTimeout(() => events.push("the page"), 0);
  const file = await buildFile(["a,b\r\n", "ä,1\r\n"], "text/csv", (count) => {
    events.push(`part ${count}`);
  });
  expect(await file.text()).toBe("a,b\r\nä,1\r\n");
  expect(file.type).toBe("text/csv");
  expect(events).toEqual(["part 1", "the page", "part 2"]);
});

test("a file that is no longer wanted is not finished", async () => {
  const stop = new AbortController();
  const parts = ["a", "b", "c"];
  const seen: number[] = [];
  const made = buildFile(
    parts,
    "text/csv",
    (count) => {
      seen.push(count);
      stop.abort();
    },
    stop.signal,
  );
  await expect(made).rejects.toThrow();
  expect(seen).toEqual([1]);
});
