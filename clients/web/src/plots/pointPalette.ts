import type { PointColors } from "../store/pointColors";
import { colorAt, cssOf, DARK, LIGHT, type Rgb } from "./densityPalette";
import { type LegendEntry, shortened } from "./legend";
import { LINE_COLORS, type Palette } from "./palette";

const NO_COLOR = { light: [120, 130, 145], dark: [140, 152, 170] } as const;

/** Whether the page's theme is dark. */
export function isDark({ surface }: Palette): boolean {
  const [red = 255, green = 255, blue = 255] = (surface.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue < 384;
}

/** Returns the color of each row by a column, or one color for all. */
export function colorBy(colors: PointColors | undefined, dark: boolean): (row: number) => Rgb {
  const palette = dark ? DARK : LIGHT;
  if (colors === undefined) return () => (dark ? NO_COLOR.dark : NO_COLOR.light);
  if (colors.kind === "range") {
    // A color for each of 64 shares is made once, and not for each run.
    const ramp = Array.from({ length: 65 }, (_, index) => colorAt(palette, index / 64));
    return (row) => {
      const share = colors.shares[row] ?? Number.NaN;
      if (Number.isNaN(share)) return palette.missing;
      return ramp[Math.round(Math.min(Math.max(share, 0), 1) * 64)] ?? palette.missing;
    };
  }
  const fixed = LINE_COLORS.map(rgbOf);
  return (row) => fixed[colors.indices[row] ?? Number.NaN] ?? palette.missing;
}

/** Returns the marker of a row: each category has its own. */
export function markerOf(colors: PointColors | undefined, row: number): number {
  if (colors?.kind !== "categories") return 0;
  const index = colors.indices[row] ?? Number.NaN;
  return Number.isNaN(index) ? 0 : index;
}

function rgbOf(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Returns what the colors mean. */
export function legendOf(
  colors: PointColors | undefined,
  colorName: string,
  dark: boolean,
): LegendEntry[] {
  if (colors === undefined) return [];
  const name = shortened(colorName, 24);
  if (colors.kind === "categories") {
    return colors.names.map((text, index) => ({
      text: shortened(text, 24),
      color: LINE_COLORS[index] ?? "",
      marker: index,
    }));
  }
  const palette = dark ? DARK : LIGHT;
  return colors.stops.map(({ share, text }, index) => ({
    text: index === 0 ? `${name} ${text}` : text,
    color: cssOf(colorAt(palette, share)),
    marker: 0,
  }));
}
