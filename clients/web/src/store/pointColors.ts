import { LINE_COLORS } from "../plots/palette";
import { formatValue } from "./format";
import { isTime } from "./runCells";
import type { Column } from "./runTable";
import { formatSeconds, formatTime } from "./times";

/** How a column colors the runs. */
export type PointColors =
  | {
      readonly kind: "range";
      /** For each row 0 for the least to 1 for the greatest value; NaN without a value. */
      readonly shares: Float64Array;
      /** Shares with the values that they stand for, as people read them. */
      readonly stops: readonly { readonly share: number; readonly text: string }[];
    }
  | {
      readonly kind: "categories";
      /** For each row the index of its color; NaN without a value. */
      readonly indices: Float64Array;
      /** The text of each color; the last one is that of all rarer categories, if there are more. */
      readonly names: readonly string[];
    };

/** Returns the colors of the rows whose mask is 1 by a column. */
export function pointColors(column: Column, mask: Uint8Array): PointColors {
  return column.scale === "category" ? byCategory(column, mask) : byRange(column, mask);
}

function byRange(column: Column, mask: Uint8Array): PointColors {
  const { values, scale } = column;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < mask.length; row++) {
    const value = values[row] ?? Number.NaN;
    if (mask[row] !== 1 || !Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) [min, max] = [0, 1];
  const isLog = scale === "log" && min > 0;
  const place = isLog ? Math.log : (value: number) => value;
  const [from, size] = [place(min), place(max) - place(min)];
  const shares = new Float64Array(mask.length).map((_, row) => {
    const value = values[row] ?? Number.NaN;
    return size > 0 ? (place(value) - from) / size : value * 0 + 0.5;
  });
  const stops = (size > 0 ? STOPS : [0.5]).map((share) => {
    const value = isLog ? min * (max / min) ** share : min + (max - min) * share;
    return { share, text: stopText(column, value) };
  });
  return { kind: "range", shares, stops };
}

const STOPS = [0, 0.25, 0.5, 0.75, 1];

function stopText(column: Column, value: number): string {
  if (isTime(column)) return formatTime(value * 1000);
  if (column.kind === "field" && column.name === "duration") return formatSeconds(value);
  return formatValue(Number(value.toPrecision(3)));
}

function byCategory({ values, categories }: Column, mask: Uint8Array): PointColors {
  const counts = new Float64Array(categories.length);
  for (let row = 0; row < mask.length; row++) {
    const value = values[row] ?? Number.NaN;
    if (mask[row] === 1 && !Number.isNaN(value)) counts[value] = (counts[value] ?? 0) + 1;
  }
  const used = [...categories.keys()].filter((index) => (counts[index] ?? 0) > 0);
  const most = LINE_COLORS.length;
  // With more categories than colors, the rarest ones share the last color.
  const shown =
    used.length <= most
      ? used
      : [...used]
          .sort((one, other) => (counts[other] ?? 0) - (counts[one] ?? 0))
          .slice(0, most - 1)
          .sort((one, other) => one - other);
  const rest = used.length - shown.length;
  const places = new Map(shown.map((category, index) => [category, index]));
  const indices = new Float64Array(mask.length).map((_, row) => {
    const value = values[row] ?? Number.NaN;
    return Number.isNaN(value) ? value : (places.get(value) ?? shown.length);
  });
  const names = shown.map((category) => categories[category] || "(empty)");
  return {
    kind: "categories",
    indices,
    names: rest > 0 ? [...names, `${rest} others`] : names,
  };
}
