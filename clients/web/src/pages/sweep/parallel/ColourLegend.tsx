import { memo } from "react";
import { cssOf, type Palette } from "../../../plots/densityPalette";
import { legendTicks } from "../../../plots/parallelLegend";
import type { Axis } from "../../../store/parallelAxes";
import { headingOf } from "../../../store/runCells";

interface Props {
  readonly colour: Axis;
  readonly palette: Palette;
  /** Whether the filter leaves runs out. */
  readonly hasRest: boolean;
  /** Whether the best runs, and runs that the user keeps, are lines. */
  readonly hasBest: boolean;
  readonly hasKept: boolean;
}

/** What the colours mean, with values. */
export const ColourLegend = memo(function ColourLegend(props: Props) {
  const { colour, palette, hasRest, hasBest, hasKept } = props;
  const name = headingOf(colour.column);
  const ramp = `linear-gradient(to right, ${palette.stops.map(cssOf).join(", ")})`;
  return (
    <div className="colour-legend">
      <span className="name">
        <bdi>{name}</bdi>
      </span>
      <div className="scale">
        <div className="ramp" style={{ background: ramp }} />
        {legendTicks(colour, 4).map(({ text, share }) => (
          <span key={share} style={{ left: `${share * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
      {colour.scale.hasMissing && <Swatch colour={cssOf(palette.missing)} text="not set" />}
      {hasRest && <Swatch colour={cssOf(palette.rest)} text="left out by the filter" />}
      {hasBest && <Swatch line="line" text="best run" />}
      {hasKept && <Swatch line="line kept" text="kept run" />}
    </div>
  );
});

function Swatch({ colour, text, line }: { colour?: string; text: string; line?: string }) {
  return (
    <span className="swatch">
      <i className={line} style={colour === undefined ? undefined : { background: colour }} />
      {text}
    </span>
  );
}
