/** Colors from low to high that people with any color vision can order: their lightness rises. */

/** A color as red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

export interface Palette {
  /** From the lowest to the highest value. */
  readonly stops: readonly Rgb[];
  /** For runs without a value of the color's column. */
  readonly missing: Rgb;
  /** For runs that the filter leaves out. */
  readonly rest: Rgb;
}

// Parts of "plasma" whose contrast to the page is at least 3 : 1.
export const LIGHT: Palette = {
  stops: [
    [13, 8, 135],
    [106, 0, 168],
    [177, 42, 144],
    [225, 100, 98],
  ],
  missing: [120, 130, 145],
  rest: [205, 211, 220],
};

export const DARK: Palette = {
  stops: [
    [198, 62, 136],
    [233, 110, 90],
    [252, 166, 54],
    [240, 249, 33],
  ],
  missing: [130, 142, 160],
  rest: [56, 63, 75],
};

/** Returns the color at a share of the palette, 0 to 1. */
export function colorAt({ stops }: Palette, share: number): Rgb {
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const below = stops[Math.floor(place)] ?? [0, 0, 0];
  const above = stops[Math.ceil(place)] ?? below;
  const part = place - Math.floor(place);
  const mix = (index: 0 | 1 | 2) => Math.round(below[index] + (above[index] - below[index]) * part);
  return [mix(0), mix(1), mix(2)];
}

/** Returns a color as CSS writes it. */
export function cssOf([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
