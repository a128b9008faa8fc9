import { type Axis, formatCell } from "../store/parallelAxes";
import { shareOfColor } from "./parallel";
import { ticksOf } from "./scaleTicks";

interface LegendTick {
  readonly text: string;
  /** The place in the palette: 0 for the lowest value, 1 for the highest. */
  readonly share: number;
}

/** The least distance of two texts. */
const LEAST_SHARE = 0.18;

/** Returns the values that the legend of the colors names, without those that would overlap. */
export function legendTicks({ column, scale }: Axis, wanted: number): LegendTick[] {
  const isCategory = scale.kind === "category";
  const ends = isCategory ? [] : [scale.min, scale.max];
  const kept: LegendTick[] = [];
  // The ends come first, because they say more than what is near to them.
  for (const value of [...ends, ...ticksOf(scale, wanted).map((tick) => tick.value)]) {
    if (Number.isNaN(value)) continue;
    const share = shareOfColor(scale, value);
    if (kept.some((other) => Math.abs(other.share - share) < LEAST_SHARE)) continue;
    const text = formatCell(column, isCategory ? value : Number(value.toPrecision(3)));
    kept.push({ text: text.length > 12 ? `${text.slice(0, 11)}…` : text, share });
  }
  return kept.sort((one, other) => one.share - other.share);
}
