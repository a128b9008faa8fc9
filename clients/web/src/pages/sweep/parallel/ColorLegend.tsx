import { memo } from "react";
import { cssOf, type Palette } from "../../../plots/densityPalette";
import { legendTicks } from "../../../plots/parallelLegend";
import type { Axis } from "../../../store/parallelAxes";
import { headingOf } from "../../../store/runCells";

interface Props {
  readonly color: Axis;
  readonly palette: Palette;
  /** Whether the filter leaves runs out. */
  readonly hasRest: boolean;
  /** Whether the best runs, and runs that the user keeps, are lines. */
  readonly hasBest: boolean;
  readonly hasKept: boolean;
}

/** What the colors mean, with values. */
export const ColorLegend = memo(function ColorLegend(props: Props) {
  const { color, palette, hasRest, hasBest, hasKept } = props;
  const name = headingOf(color.column);
  const ramp = `linear-gradient(to right, ${palette.stops.map(cssOf).join(", ")})`;
  return (
    <div className="color-legend">
      <span className="name">
        <bdi>{name}</bdi>
      </span>
      <div className="scale">
        <div className="ramp" style={{ background: ramp }} />
        {legendTicks(color, 4).map(({ text, share }) => (
          <span key={share} style={{ left: `${share * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
      {color.scale.hasMissing && <Swatch color={cssOf(palette.missing)} text="not set" />}
      {hasRest && <Swatch color={cssOf(palette.rest)} text="left out by the filter" />}
      {hasBest && <Swatch line="line" text="best run" />}
      {hasKept && <Swatch line="line kept" text="kept run" />}
    </div>
  );
});

function Swatch({ color, text, line }: { color?: string; text: string; line?: string }) {
  return (
    <span className="swatch">
      <i className={line} style={color === undefined ? undefined : { background: color }} />
      {text}
    </span>
  );
}
