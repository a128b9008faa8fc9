import type { PointColours } from "../store/pointColours";
import { colourAt, cssOf, DARK, LIGHT, type Rgb } from "./densityPalette";
import { type LegendEntry, shortened } from "./legend";
import { LINE_COLORS, type Palette } from "./palette";

const NO_COLOUR = { light: [120, 130, 145], dark: [140, 152, 170] } as const;

/** Whether the page's theme is dark. */
export function isDark({ surface }: Palette): boolean {
  const [red = 255, green = 255, blue = 255] = (surface.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue < 384;
}

/** Returns the colour of each row by a column, or one colour for all. */
export function colourBy(colours: PointColours | undefined, dark: boolean): (row: number) => Rgb {
  const palette = dark ? DARK : LIGHT;
  if (colours === undefined) return () => (dark ? NO_COLOUR.dark : NO_COLOUR.light);
  if (colours.kind === "range") {
    // A colour for each of 64 shares is made once, and not for each run.
    const ramp = Array.from({ length: 65 }, (_, index) => colourAt(palette, index / 64));
    return (row) => {
      const share = colours.shares[row] ?? Number.NaN;
      if (Number.isNaN(share)) return palette.missing;
      return ramp[Math.round(Math.min(Math.max(share, 0), 1) * 64)] ?? palette.missing;
    };
  }
  const fixed = LINE_COLORS.map(rgbOf);
  return (row) => fixed[colours.indices[row] ?? Number.NaN] ?? palette.missing;
}

/** Returns the marker of a row: each category has its own. */
export function markerOf(colours: PointColours | undefined, row: number): number {
  if (colours?.kind !== "categories") return 0;
  const index = colours.indices[row] ?? Number.NaN;
  return Number.isNaN(index) ? 0 : index;
}

function rgbOf(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Returns what the colours mean. */
export function legendOf(
  colours: PointColours | undefined,
  colourName: string,
  dark: boolean,
): LegendEntry[] {
  if (colours === undefined) return [];
  const name = shortened(colourName, 24);
  if (colours.kind === "categories") {
    return colours.names.map((text, index) => ({
      text: shortened(text, 24),
      color: LINE_COLORS[index] ?? "",
      marker: index,
    }));
  }
  const palette = dark ? DARK : LIGHT;
  return colours.stops.map(({ share, text }, index) => ({
    text: index === 0 ? `${name} ${text}` : text,
    color: cssOf(colourAt(palette, share)),
    marker: 0,
  }));
}
