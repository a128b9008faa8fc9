import { type Axis, formatCell } from "../store/parallelAxes";
import { shareOfColour } from "./parallel";
import { ticksOf } from "./scales";

interface LegendTick {
  readonly text: string;
  /** The place in the palette: 0 for the lowest value, 1 for the highest. */
  readonly share: number;
}

/** The least distance of two texts. */
const LEAST_SHARE = 0.18;

/** Returns the values that the legend of the colours names, without those that would overlap. */
export function legendTicks({ column, scale }: Axis, wanted: number): LegendTick[] {
  const ticks: LegendTick[] = [];
  for (const { value } of ticksOf(scale, wanted)) {
    if (Number.isNaN(value)) continue;
    const text = formatCell(column, value);
    ticks.push({
      text: text.length > 12 ? `${text.slice(0, 11)}…` : text,
      share: shareOfColour(scale, value),
    });
  }
  ticks.sort((one, other) => one.share - other.share);
  return ticks.filter(({ share }, index) => share - (lastKept(ticks, index) ?? -1) >= LEAST_SHARE);
}

/** Returns the share of the last tick before an index that has its text. */
function lastKept(ticks: readonly LegendTick[], index: number): number | undefined {
  let kept: number | undefined;
  for (const { share } of ticks.slice(0, index)) {
    if (kept === undefined || share - kept >= LEAST_SHARE) kept = share;
  }
  return kept;
}
