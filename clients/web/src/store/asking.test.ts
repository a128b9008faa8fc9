import { expect, test } from "vitest";
import { ASK_EVERY_MS, delayUntilAsking } from "./asking";

test("what was never asked for is asked for at once", () => {
  expect(delayUntilAsking({ revision: undefined, time: 0 }, 3n, 100)).toBe(0);
});

test("nothing is asked for again while the revision stays", () => {
  expect(delayUntilAsking({ revision: 3n, time: 0 }, 3n, 1_000_000)).toBeUndefined();
  expect(delayUntilAsking({ revision: 4n, time: 0 }, 3n, 1_000_000)).toBeUndefined();
});

test("a higher revision is asked for when the interval is over", () => {
  expect(delayUntilAsking({ revision: 3n, time: 1_000 }, 9n, 1_200)).toBe(ASK_EVERY_MS - 200);
  expect(delayUntilAsking({ revision: 3n, time: 1_000 }, 9n, 60_000)).toBe(0);
});
