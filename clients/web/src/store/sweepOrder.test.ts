import { expect, test } from "vitest";
import { isOrderName, nextOrder, sortOfColumn } from "./sweepOrder";

const AGE = { orders: ["newest", "oldest"] } as const;
const NAME = { orders: ["name"] } as const;

test("a click on a column's head leads to its first order, and another click to the next", () => {
  expect(nextOrder(AGE, "name")).toBe("newest");
  expect(nextOrder(AGE, "newest")).toBe("oldest");
  expect(nextOrder(AGE, "oldest")).toBe("newest");
  expect(nextOrder(NAME, "name")).toBe("name");
});

test("only the column of the order says how it is sorted", () => {
  expect(sortOfColumn(AGE, "newest")).toBe("descending");
  expect(sortOfColumn(AGE, "oldest")).toBe("ascending");
  expect(sortOfColumn(AGE, "name")).toBeUndefined();
  expect(sortOfColumn(NAME, "name")).toBe("ascending");
});

test("names of Object's own are no orders", () => {
  expect(isOrderName("toString")).toBe(false);
  expect(isOrderName("runs")).toBe(true);
});
