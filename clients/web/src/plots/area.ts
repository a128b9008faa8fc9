import { formatValue } from "../store/format";
import type { Palette } from "./palette";

/** An axis of a drawing of its own: numbers, or categories at 0, 1, 2 and so on. */
export interface PlotAxis {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly isLog: boolean;
  readonly categories: readonly string[];
}

/** Where a drawing is on its canvas, in CSS pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Returns where a value is on an axis: 0 at its start, 1 at its end. */
export function shareOf(value: number, { min, max, isLog, categories }: PlotAxis): number {
  if (categories.length > 0) return (value + 0.5) / categories.length;
  if (max <= min) return 0.5;
  if (isLog && min > 0) return Math.log(value / min) / Math.log(max / min);
  return (value - min) / (max - min);
}

const STEPS = [1, 2, 5, 10] as const;

/** Returns the values that an axis names: about as many as asked for. */
export function ticksOf(axis: PlotAxis, count: number): readonly number[] {
  const { min, max, isLog, categories } = axis;
  if (categories.length > 0) return spread(categories.length, count);
  if (max <= min) return [min];
  if (isLog && min > 0 && max / min >= 10) {
    const [first, last] = [Math.ceil(Math.log10(min) - 1e-9), Math.floor(Math.log10(max) + 1e-9)];
    // One or two powers of ten alone would hardly show the scale.
    if (last - first < 2) return logTicks(min, max, first, last);
    return spread(last - first + 1, count).map((index) => 10 ** (first + index));
  }
  const rough = (max - min) / count;
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
  // Read as a text, 5e-3 is 0.005 and no neighbour of it.
  const ticks = powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  return ticks.filter((tick) => tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9));
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

/** Draws two axes with their names around an area. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  area: Area,
  x: PlotAxis,
  y: PlotAxis,
  palette: Palette,
): void {
  const { left, top, width, height } = area;
  context.font = "12px system-ui, sans-serif";
  context.strokeStyle = palette.line;
  context.strokeRect(left, top, width, height);
  context.fillStyle = palette.faint;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const tick of ticksOf(x, Math.max(2, Math.floor(width / 70)))) {
    context.fillText(clip(nameOf(tick, x)), left + shareOf(tick, x) * width, top + height + 6);
  }
  context.fillText(x.label, left + width / 2, top + height + 24);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of ticksOf(y, Math.max(2, Math.floor(height / 32)))) {
    context.fillText(clip(nameOf(tick, y)), left - 6, top + (1 - shareOf(tick, y)) * height);
  }
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(y.label, 4, top - 6);
}

/** Returns the text of a value on an axis. */
export function nameOf(value: number, { categories }: PlotAxis): string {
  if (Number.isNaN(value)) return "not set";
  return categories.length > 0 ? (categories[value] ?? "") : formatValue(value);
}

function clip(text: string): string {
  return text.length > 12 ? `${text.slice(0, 11)}…` : text;
}
