import { RunState } from "../gen/wanllmdb/api/registry/v1/run_pb";
import type { Bar, Lane } from "../store/timeline";
import { type Area, fitted, prepare } from "./area";
import type { Palette } from "./palette";

/** Lanes with their bars, and the time axis below them. */
export interface TimelineDrawing {
  readonly lanes: readonly Lane[];
  /** The number of tracks of these lanes, and the first one. */
  readonly tracks: number;
  readonly firstTrack: number;
  /** With places in pixels of the area's width. */
  readonly bars: readonly Bar[];
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
}

const NAMES = 110;
const NARROW_NAMES = 64;
const AXIS = 34;
const GAP = 3;

/** Returns where the bars are on a canvas of a width. */
export function timelineArea(width: number, tracks: number, lanes: number): Area {
  const left = width < 500 ? NARROW_NAMES : NAMES;
  const height = tracks * trackHeight(tracks) + lanes * GAP;
  return { left, top: 4, width: Math.max(width - left - 12, 50), height };
}

function trackHeight(tracks: number): number {
  return Math.min(22, Math.max(5, Math.floor(480 / Math.max(tracks, 1))));
}

/** Returns where each track begins, from the top of the area. */
function trackTops({ lanes, tracks }: Pick<TimelineDrawing, "lanes" | "tracks">): number[] {
  const height = trackHeight(tracks);
  const tops: number[] = [];
  let top = 0;
  for (const lane of lanes) {
    for (let track = 0; track < lane.tracks; track++, top += height) tops.push(top);
    top += GAP;
  }
  return tops;
}

/** Returns the color of a run's state. */
function stateColor(state: number, palette: Palette): string {
  if (state === RunState.RUNNING) return palette.accent;
  if (state === RunState.FINISHED) return palette.good;
  if (state === RunState.PRUNED) return palette.warn;
  if (state === RunState.FAILED || state === RunState.LOST) return palette.danger;
  return palette.faint;
}

/** Draws the lanes, and returns the area and the tops of the tracks. */
export function drawTimeline(
  canvas: HTMLCanvasElement,
  width: number,
  drawing: TimelineDrawing,
  palette: Palette,
): { area: Area; tops: number[]; height: number } | undefined {
  const { lanes, tracks, firstTrack, bars, ticks } = drawing;
  const area = timelineArea(width, tracks, lanes.length);
  const context = prepare(canvas, width, area.top + area.height + AXIS);
  if (context === null) return undefined;
  const height = trackHeight(tracks);
  const tops = trackTops(drawing);
  context.font = "12px system-ui, sans-serif";
  drawTicks(context, area, ticks, palette);
  drawLaneNames(context, area, lanes, tops, firstTrack, height, palette);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  for (const bar of bars) {
    const top = area.top + (tops[bar.track - firstTrack] ?? 0);
    drawBar(context, bar, area.left, top, height - 1, palette);
  }
  context.restore();
  return { area, tops, height };
}

function drawTicks(
  context: CanvasRenderingContext2D,
  { left, top, height, width }: Area,
  ticks: TimelineDrawing["ticks"],
  palette: Palette,
): void {
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const { x, text } of ticks) {
    context.fillStyle = palette.line;
    context.fillRect(left + x, top, 1, height + 4);
    context.fillStyle = palette.faint;
    const half = context.measureText(text).width / 2;
    const place = Math.min(Math.max(left + x, half), left + width + 12 - half);
    context.fillText(text, place, top + height + 8);
  }
}

function drawLaneNames(
  context: CanvasRenderingContext2D,
  area: Area,
  lanes: readonly Lane[],
  tops: readonly number[],
  firstTrack: number,
  height: number,
  palette: Palette,
): void {
  context.textBaseline = "middle";
  context.textAlign = "right";
  let lowest = Number.NEGATIVE_INFINITY;
  for (const { agent, firstTrack: track, tracks } of lanes) {
    const top = area.top + (tops[track - firstTrack] ?? 0);
    context.fillStyle = palette.line;
    context.globalAlpha = 0.35;
    context.fillRect(area.left, top, area.width, tracks * height - 1);
    context.globalAlpha = 1;
    const middle = top + (tracks * height) / 2;
    // Names of lanes that are too narrow for all of them are left out.
    if (middle - lowest < 13) continue;
    lowest = middle;
    context.fillStyle = palette.text;
    context.fillText(fitted(context, agent, area.left - 10), area.left - 6, middle);
  }
}

function drawBar(
  context: CanvasRenderingContext2D,
  { left, right, state, states }: Bar,
  from: number,
  top: number,
  height: number,
  palette: Palette,
): void {
  if (states === undefined) {
    context.fillStyle = stateColor(state, palette);
    const width = Math.max(right - left, 1);
    // A wide bar ends before the next one begins.
    context.fillRect(from + left, top, width > 4 ? width - 1 : width, height);
    if (width >= 14 && height >= 9)
      drawGlyph(context, state, from + Math.max(left, 0), top, height, palette);
    return;
  }
  let count = 0;
  for (const part of states.values()) count += part;
  let place = top;
  for (const [each, part] of [...states].sort(([one], [other]) => one - other)) {
    const share = (part / count) * height;
    context.fillStyle = stateColor(each, palette);
    context.fillRect(from + Math.floor(left), place, 1, share);
    place += share;
  }
}

/** The shapes are those of the states in the tables: color is never the only difference. */
function drawGlyph(
  context: CanvasRenderingContext2D,
  state: number,
  left: number,
  top: number,
  height: number,
  palette: Palette,
): void {
  const size = Math.min(height - 3, 12);
  const x = (share: number) => left + 3 + (share / 16) * size;
  const y = (share: number) => top + (height - size) / 2 + (share / 16) * size;
  context.strokeStyle = palette.surface;
  context.fillStyle = palette.surface;
  context.lineWidth = 1.75;
  context.beginPath();
  if (state === RunState.RUNNING) {
    context.moveTo(x(4), y(2));
    context.lineTo(x(14), y(8));
    context.lineTo(x(4), y(14));
    context.fill();
    return;
  }
  if (state === RunState.FINISHED) {
    context.moveTo(x(2), y(9));
    context.lineTo(x(6), y(13));
    context.lineTo(x(14), y(3));
  } else if (state === RunState.PRUNED) {
    context.moveTo(x(2), y(8));
    context.lineTo(x(14), y(8));
  } else if (state === RunState.FAILED) {
    context.moveTo(x(3), y(3));
    context.lineTo(x(13), y(13));
    context.moveTo(x(13), y(3));
    context.lineTo(x(3), y(13));
  } else if (state === RunState.LOST) {
    context.moveTo(x(8), y(2));
    context.lineTo(x(15), y(14));
    context.lineTo(x(1), y(14));
    context.closePath();
  } else {
    context.rect(x(3), y(3), size * 0.6, size * 0.6);
  }
  context.stroke();
}
