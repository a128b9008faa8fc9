import { tableOf } from "./testing";

/** A table of five runs with each kind of column, for the tests of the parallel coordinates. */
export const TABLE = tableOf(
  [3, 3, 3, 3, 3],
  [
    {
      key: "objective:loss",
      kind: "objective",
      values: Float64Array.of(5, 1, Number.NaN, 4, 2),
      max: 5,
    },
    {
      key: "parameter:lr",
      scale: "log",
      min: 1e-4,
      values: Float64Array.of(1e-4, 1e-3, 1e-2, 0.1, 1),
    },
    {
      key: "parameter:momentum",
      values: Float64Array.of(0.1, Number.NaN, 0.5, Number.NaN, 0.9),
    },
    {
      key: "parameter:optimizer",
      scale: "category",
      categories: ["adam", "sgd", "lion"],
      max: 2,
      values: Float64Array.of(0, 1, 2, 0, 1),
    },
  ],
);
