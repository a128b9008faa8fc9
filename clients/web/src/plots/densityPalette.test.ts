import { expect, test } from "vitest";
import { colorAt, DARK, LIGHT, type Palette, type Rgb } from "./densityPalette";

/** The relative luminance of WCAG. */
function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const PALETTES: readonly [string, Palette, Rgb][] = [
  ["light", LIGHT, [255, 255, 255]],
  ["dark", DARK, [28, 32, 39]],
];

test.each(PALETTES)(
  "the %s palette rises in lightness and is seen on its page",
  (_, palette, page) => {
    let before = -1;
    for (let step = 0; step <= 50; step++) {
      const color = colorAt(palette, step / 50);
      expect(luminance(color)).toBeGreaterThan(before);
      expect(contrast(color, page)).toBeGreaterThanOrEqual(3);
      before = luminance(color);
    }
    expect(contrast(palette.missing, page)).toBeGreaterThanOrEqual(3);
  },
);
