import { formatValue } from "../store/format";
import type { Palette } from "./palette";

/** An axis of a drawing of its own: numbers, or categories at 0, 1, 2 and so on. */
export interface PlotAxis {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly isLog: boolean;
  readonly categories: readonly string[];
  /** The axis is linear up to this distance from 0 and logarithmic beyond it, on both sides. */
  readonly linearTo?: number;
  /** Whether all values are whole numbers, few enough to be spread like categories. */
  readonly isWhole?: boolean;
  /** Writes a value as a tick; six significant digits by default. */
  readonly format?: (value: number) => string;
  /** The ticks, instead of those that follow from the bounds. */
  readonly ticks?: readonly number[];
}

/** Where a drawing is on its canvas, in CSS pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Returns where a value is on an axis: 0 at its start, 1 at its end. */
export function shareOf(value: number, axis: PlotAxis): number {
  const { min, max, isLog, categories, linearTo } = axis;
  if (categories.length > 0) return (value + 0.5) / categories.length;
  if (max <= min) return Number.isNaN(value) ? value : 0.5;
  if (linearTo !== undefined) {
    const foot = folded(min, linearTo);
    return (folded(value, linearTo) - foot) / (folded(max, linearTo) - foot);
  }
  if (isLog && min > 0) return Math.log(value / min) / Math.log(max / min);
  return (value - min) / (max - min);
}

/** Returns the value at a share of the axis; for a category axis, the category's index. */
export function valueAtShare(share: number, axis: PlotAxis): number {
  const { min, max, isLog, categories, linearTo } = axis;
  if (categories.length > 0) {
    return Math.max(0, Math.min(categories.length - 1, Math.floor(share * categories.length)));
  }
  if (max <= min) return min;
  if (linearTo !== undefined) {
    const foot = folded(min, linearTo);
    return unfolded(foot + share * (folded(max, linearTo) - foot), linearTo);
  }
  if (isLog && min > 0) return min * (max / min) ** share;
  return min + share * (max - min);
}

/** Returns a value on a scale that is about linear near 0 and logarithmic far from it. */
function folded(value: number, linearTo: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value) / linearTo);
}

function unfolded(place: number, linearTo: number): number {
  return Math.sign(place) * Math.expm1(Math.abs(place)) * linearTo;
}

const STEPS = [1, 2, 5, 10] as const;

/** Returns the values that an axis names: about as many as asked for. */
export function ticksOf(axis: PlotAxis, count: number): readonly number[] {
  const { min, max, isLog, categories, linearTo, ticks: given } = axis;
  if (given !== undefined) return given;
  if (categories.length > 0) return spread(categories.length, count);
  if (max <= min) return [min];
  if (linearTo !== undefined) {
    const ticks = foldedTicks(min, max, linearTo, count);
    // Within two powers of ten, round values between them say more.
    if (ticks.length > 2) return ticks;
  }
  if (isLog && min > 0 && max / min >= 10) {
    const [first, last] = [Math.ceil(Math.log10(min) - 1e-9), Math.floor(Math.log10(max) + 1e-9)];
    // One or two powers of ten alone would hardly show the scale.
    if (last - first < 2) return logTicks(min, max, first, last);
    return spread(last - first + 1, count).map((index) => 10 ** (first + index));
  }
  const rough = Math.max((max - min) / count, axis.isWhole === true ? 1 : 0);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((each) => each * size >= rough) ?? 10) * size;
  const ticks: number[] = [];
  for (let index = Math.ceil(min / step - 1e-9); index * step <= max + step * 1e-9; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** Returns 1, 2 and 5 times the powers of ten that are on an axis. */
function logTicks(min: number, max: number, first: number, last: number): number[] {
  const powers = Array.from({ length: last - first + 3 }, (_, index) => first - 1 + index);
  // Read as a text, 5e-3 is 0.005 and no neighbor of it.
  const ticks = powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  return ticks.filter((tick) => tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9));
}

/** Returns 0 and powers of ten on both sides of it. */
function foldedTicks(min: number, max: number, linearTo: number, count: number): number[] {
  const first = Math.floor(Math.log10(linearTo));
  const last = Math.floor(Math.log10(Math.max(Math.abs(min), Math.abs(max))) + 1e-9);
  const powers = Array.from({ length: Math.max(last - first + 1, 1) }, (_, index) => first + index);
  const sides = min < 0 && max > 0 ? 2 : 1;
  const every = Math.max(1, Math.ceil((powers.length * sides) / Math.max(count - 1, 1)));
  const sizes = powers.filter((_, index) => (powers.length - 1 - index) % every === 0);
  const ticks = [
    ...sizes.map((power) => -(10 ** power)).reverse(),
    0,
    ...sizes.map((p) => 10 ** p),
  ];
  return ticks.filter((tick) => tick >= min && tick <= max);
}

/** Returns every k-th index so that at most `count` are left. */
function spread(length: number, count: number): number[] {
  const every = Math.max(1, Math.ceil(length / Math.max(count, 1)));
  return Array.from({ length }, (_, index) => index).filter((index) => index % every === 0);
}

/** Prepares a canvas for the screen's pixels, and returns its empty context. */
export function prepare(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context?.scale(ratio, ratio);
  return context;
}

/** Draws two axes with their ticks, their names and a grid around an area. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  area: Area,
  x: PlotAxis,
  y: PlotAxis,
  palette: Palette,
): void {
  const { left, top, width, height } = area;
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = palette.line;
  context.strokeRect(left, top, width, height);
  context.fillStyle = palette.faint;
  context.textAlign = "center";
  context.textBaseline = "top";
  const room = width / Math.max(x.categories.length, 1);
  for (const tick of ticksOf(x, Math.max(2, Math.floor(width / 70)))) {
    const place = left + shareOf(tick, x) * width;
    if (x.categories.length === 0) drawGridLine(context, place, top, place, top + height);
    context.fillText(
      fitted(context, nameOf(tick, x), Math.max(room - 8, 62)),
      place,
      top + height + 6,
    );
  }
  context.fillText(fitted(context, x.label, width), left + width / 2, top + height + 24);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of ticksOf(y, Math.max(2, Math.floor(height / 32)))) {
    const place = top + (1 - shareOf(tick, y)) * height;
    if (y.categories.length === 0) drawGridLine(context, left, place, left + width, place);
    context.fillText(fitted(context, nameOf(tick, y), left - 8), left - 6, place);
  }
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(fitted(context, y.label, left + width - 8), 4, top - 6);
}

const FONT = "12px system-ui, sans-serif";

function drawGridLine(
  context: CanvasRenderingContext2D,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): void {
  context.save();
  context.globalAlpha = 0.6;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
  context.restore();
}

/** Returns the text of a value on an axis. */
export function nameOf(value: number, { categories, format = formatValue }: PlotAxis): string {
  if (Number.isNaN(value)) return "not set";
  return categories.length > 0 ? (categories[value] ?? "") : shortened(format(value));
}

/** Returns "1e-5" for "1.000e-5". */
function shortened(text: string): string {
  return text.replace(/\.?0+e/, "e");
}

/** Returns a text that is cut off so that it fits a width. */
export function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const part = `${letters.slice(0, middle).join("")}…`;
    if (context.measureText(part).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("")}…`;
}
