import { memo } from "react";
import { PLOT_HEIGHT } from "../../../plots/parallelLayout";
import { ticksOf } from "../../../plots/scaleTicks";
import { type Axis, formatCell } from "../../../store/parallelAxes";

/** The least height of a named value. */
const TICK_ROOM = 22;
/** About the width of a character. */
const CHARACTER = 6.6;

/** Returns the values that an axis names, with their texts cut to a width. */
export function tickTexts({ column, scale }: Axis, width: number) {
  const isCategory = scale.kind === "category";
  const wanted = isCategory ? Math.floor(PLOT_HEIGHT / TICK_ROOM) : 5;
  const most = Math.max(4, Math.floor((width - 14) / CHARACTER));
  return ticksOf(scale, wanted).map(({ value, position }) => {
    // A round number needs no zeros: 1e-5, not 1.000e-5.
    const text = formatCell(column, value).replace(/\.0+(?=e)/, "") || "(empty)";
    const characters = [...text];
    const isCut = characters.length > most;
    return {
      value,
      y: (1 - position) * PLOT_HEIGHT,
      full: text,
      text: isCut ? `${characters.slice(0, most - 1).join("")}…` : text,
    };
  });
}

/** The line of an axis with the values that it names. */
export const AxisTicks = memo(function AxisTicks({ axis, width }: { axis: Axis; width: number }) {
  return (
    <>
      <line y2={PLOT_HEIGHT} />
      {tickTexts(axis, width).map(({ value, y, text, full }) => (
        <g key={String(value)} transform={`translate(0 ${y})`}>
          <line x1={-4} x2={4} />
          <text className={Number.isNaN(value) ? "tick missing" : "tick"} x={9} y={4}>
            {text}
            {text !== full && <title>{full}</title>}
          </text>
        </g>
      ))}
    </>
  );
});
