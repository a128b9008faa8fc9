import { expect, test } from "vitest";
import { axisOf } from "../store/parallelAxes";
import { tableOf } from "../store/testing";
import { legendTicks } from "./parallelLegend";

const TABLE = tableOf(
  [3, 3, 3, 3],
  [
    { key: "objective:loss", values: Float64Array.of(0.1234567, 2, 3, Number.NaN), max: 3 },
    {
      key: "parameter:kind",
      scale: "category",
      categories: ["a", "a name that is long", "c"],
      max: 2,
      values: Float64Array.of(0, 1, 2, 0),
    },
  ],
);

function ticksOf(key: string, flip: boolean) {
  const column = TABLE.columns.find((each) => each.key === key);
  if (column === undefined) throw new Error("no column");
  return legendTicks(axisOf(TABLE, column, { key, flip }), 4);
}

test("a legend names both ends and what is between, without overlaps", () => {
  for (const flip of [false, true]) {
    const ticks = ticksOf("objective:loss", flip);
    expect(ticks[0]).toEqual({ text: "0", share: 0 });
    expect(ticks.at(-1)).toEqual({ text: "3", share: 1 });
    ticks.forEach(({ share }, index) => {
      expect(share - (ticks[index - 1]?.share ?? -1)).toBeGreaterThan(0.17);
    });
  }
});

test("a legend of categories has each in the middle of its band, cut if it is long", () => {
  const ticks = ticksOf("parameter:kind", false);
  expect(ticks.map(({ text }) => text)).toEqual(["a", "a name that…", "c"]);
  expect(ticks[1]?.share).toBeCloseTo(0.5);
});
