import { colorAt, DARK, LIGHT, type Rgb } from "./densityPalette";

/** The colors of a drawing, as the page's theme has them at the moment. */
export interface Palette {
  readonly surface: string;
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly accent: string;
  readonly warn: string;
  readonly danger: string;
  readonly good: string;
}

const NAMES = ["surface", "text", "faint", "line", "accent", "warn", "danger", "good"] as const;

/** Resolves the page's colors for a canvas, which does not know custom properties. */
export function paletteOf(place: HTMLElement): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  place.append(probe);
  const resolved = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(resolved) as Record<(typeof NAMES)[number], string>;
}

// Viridis: even steps of lightness, so that it also reads without color vision.
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

// From blue by a neutral tone to orange; the ends differ for every kind of color vision.
const DIVERGING: readonly Rgb[] = [
  [33, 102, 172],
  [146, 197, 222],
  [240, 240, 240],
  [244, 165, 130],
  [178, 70, 20],
];

/** Returns the red, green and blue of a color that a browser resolved. */
export function rgbOf(color: string): Rgb {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}

/** Whether the page's ground is dark. */
export function isDark({ surface }: Palette): boolean {
  const [red, green, blue] = rgbOf(surface);
  return red * 0.299 + green * 0.587 + blue * 0.114 < 128;
}

/** Returns the colors of ranks, from the worst to the best, at 256 levels. */
export function rankColors(palette: Palette): readonly Rgb[] {
  const stops = isDark(palette) ? DARK : LIGHT;
  return Array.from({ length: 256 }, (_, level) => colorAt(stops, level / 255));
}

/** Returns the color of a share, 0 to 1, as red, green and blue: dark for 0, bright for 1. */
export function sequentialRgb(share: number): Rgb {
  return between(VIRIDIS, share);
}

/** Returns the color of a correlation, -1 to 1. */
export function divergingColor(value: number): string {
  return css(between(DIVERGING, (value + 1) / 2));
}

/** Returns the color of a text that stands on a diverging color. */
export function textOnDiverging(value: number): string {
  return Math.abs(value) > 0.6 ? "#ffffff" : "#1a1e25";
}

function between(stops: readonly Rgb[], share: number): Rgb {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [stops[index] ?? [0, 0, 0], stops[index + 1] ?? [0, 0, 0]];
  const part = place - index;
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] * (1 - part) + to[channel] * part);
  return [mix(0), mix(1), mix(2)];
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** Colors of lines beside each other (Okabe and Ito), readable in light and dark. */
export const LINE_COLORS = [
  "#3b82d6",
  "#d5702b",
  "#169a76",
  "#b565a7",
  "#b08a00",
  "#2aa7c9",
  "#c7483c",
  "#7a7fd1",
] as const;
