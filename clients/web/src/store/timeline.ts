/** Runs as bars on the lanes of their agents. Nothing here draws. */
import type { RunTable } from "./runTable";

/** An agent's place in the timeline. Runs that it works on at once are on tracks of their own. */
export interface Lane {
  readonly agent: string;
  readonly firstTrack: number;
  readonly tracks: number;
  readonly runs: number;
}

/** Runs by track, and by their start within a track. */
export interface Timeline {
  readonly lanes: readonly Lane[];
  readonly tracks: number;
  /** The rows of the table. */
  readonly rows: Int32Array;
  /** The track of each entry. */
  readonly tracksOf: Int32Array;
  /** Seconds since 1970. */
  readonly starts: Float64Array;
  /** NaN for a run that has not ended. */
  readonly ends: Float64Array;
  readonly states: Uint8Array;
  /** When the first run began, and when the last one began or ended. */
  readonly first: number;
  readonly last: number;
}

/** Of more runs at once than these, the last ones share a track. */
export const MOST_TRACKS = 4;

/** Returns the matching runs that were assigned, on lanes by the time of each agent's first run. */
export function timelineOf(table: RunTable, mask: Uint8Array): Timeline {
  const field = (name: string) => table.columns.find(({ key }) => key === `field:${name}`);
  const [agents, start, end] = [field("agent_id"), field("start_time"), field("end_time")];
  const byAgent = new Map<number, number[]>();
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] !== 1 || Number.isNaN(start?.values[row] ?? Number.NaN)) continue;
    const agent = agents?.values[row] ?? Number.NaN;
    const runs = byAgent.get(Number.isNaN(agent) ? -1 : agent);
    if (runs === undefined) byAgent.set(Number.isNaN(agent) ? -1 : agent, [row]);
    else runs.push(row);
  }
  const startOf = (row: number) => start?.values[row] ?? Number.NaN;
  const endOf = (row: number) => end?.values[row] ?? Number.NaN;
  const groups = [...byAgent].map(([agent, rows]) => ({ agent, rows: ascending(rows, startOf) }));
  groups.sort((one, other) => startOf(one.rows[0] ?? 0) - startOf(other.rows[0] ?? 0));
  const count = groups.reduce((sum, { rows }) => sum + rows.length, 0);
  const timeline = {
    rows: new Int32Array(count),
    tracksOf: new Int32Array(count),
    starts: new Float64Array(count),
    ends: new Float64Array(count),
    states: new Uint8Array(count),
  };
  const lanes: Lane[] = [];
  let [next, firstTrack, first, last] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { agent, rows } of groups) {
    const tracks = tracksOf(rows, startOf, endOf);
    for (const [track, onTrack] of tracks.entries()) {
      for (const row of onTrack) {
        const [from, to] = [startOf(row), endOf(row)];
        timeline.rows[next] = row;
        timeline.tracksOf[next] = firstTrack + track;
        timeline.starts[next] = from;
        timeline.ends[next] = to;
        timeline.states[next++] = table.states[row] ?? 0;
        first = Math.min(first, from);
        last = Math.max(last, from, Number.isNaN(to) ? from : to);
      }
    }
    const name = agents?.categories[agent] ?? "(no name)";
    lanes.push({ agent: name, firstTrack, tracks: tracks.length, runs: rows.length });
    firstTrack += tracks.length;
  }
  return { ...timeline, lanes, tracks: firstTrack, first, last };
}

/** Rows are by number, which mostly is the order of their starts. */
function ascending(rows: number[], startOf: (row: number) => number): number[] {
  const isSorted = rows.every((row, at) => at === 0 || startOf(rows[at - 1] ?? 0) <= startOf(row));
  return isSorted ? rows : rows.sort((one, other) => startOf(one) - startOf(other));
}

function tracksOf(
  rows: readonly number[],
  startOf: (row: number) => number,
  endOf: (row: number) => number,
): number[][] {
  const tracks: { rows: number[]; end: number }[] = [];
  for (const row of rows) {
    const [start, end] = [startOf(row), endOf(row)];
    let track = tracks.find((each) => each.end <= start);
    if (track === undefined && tracks.length < MOST_TRACKS) {
      track = { rows: [], end: 0 };
      tracks.push(track);
    }
    track ??= tracks.at(-1);
    if (track === undefined) continue;
    track.rows.push(row);
    track.end = Math.max(track.end, Number.isNaN(end) ? Number.POSITIVE_INFINITY : end);
  }
  return tracks.map((track) => track.rows);
}

/** A run, or the runs of one track that begin in the same pixel and are narrower than it. */
export interface Bar {
  readonly track: number;
  /** In pixels from the start of the range. */
  readonly left: number;
  readonly right: number;
  readonly count: number;
  /** The row of the run; of the first one if there are several. */
  readonly row: number;
  readonly state: number;
  /** If there are several runs: how many have each state. */
  readonly states?: Map<number, number>;
}

/** A part of the time. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the bars of the runs that are within a range, on some tracks, by track and start. A run
 * that has not ended reaches to `now`.
 */
export function barsIn(
  { rows, tracksOf: trackOf, starts, ends, states }: Timeline,
  { from, to }: TimeRange,
  width: number,
  now: number,
  [firstTrack, endTrack]: readonly [number, number],
): Bar[] {
  const scale = width / (to - from);
  const bars: Bar[] = [];
  // The place, track and pixel of the latest narrow bar, which the next runs may join.
  let [place, narrowTrack, narrowPixel] = [-1, -1, -1];
  for (let index = 0; index < rows.length; index++) {
    const track = trackOf[index] as number;
    if (track < firstTrack || track >= endTrack) continue;
    const start = starts[index] as number;
    const known = ends[index] as number;
    const end = Math.max(Number.isNaN(known) ? now : known, start);
    if (end < from || start > to) continue;
    const left = (start - from) * scale;
    const right = (end - from) * scale;
    const state = states[index] as number;
    const pixel = Math.floor(left);
    const isNarrow = right - left < 1;
    if (isNarrow && track === narrowTrack && pixel === narrowPixel) {
      bars[place] = joined(bars[place] as Bar, right, state);
      continue;
    }
    bars.push({ track, left, right, count: 1, row: rows[index] as number, state });
    place = bars.length - 1;
    narrowTrack = isNarrow ? track : -1;
    narrowPixel = pixel;
  }
  return bars;
}

/** Returns a bar with one more run. */
function joined(bar: Bar, right: number, state: number): Bar {
  const states = bar.states ?? new Map([[bar.state, 1]]);
  states.set(state, (states.get(state) ?? 0) + 1);
  return { ...bar, right: Math.max(bar.right, right), count: bar.count + 1, states };
}

/** Returns a range within the whole that has at least a sensible length. */
export function clampRange(range: TimeRange, whole: TimeRange): TimeRange {
  const full = Math.max(whole.to - whole.from, 1e-3);
  const length = Math.min(Math.max(range.to - range.from, full / 1e6, 1e-3), full);
  const from = Math.min(Math.max(range.from, whole.from), whole.from + full - length);
  return { from, to: from + length };
}

const SPANS = [
  1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
  1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000,
];

/** Returns seconds since `origin` that a time axis names, at most about `count` of them. */
export function timeTicks({ from, to }: TimeRange, origin: number, count: number): number[] {
  const rough = (to - from) / Math.max(count, 1);
  const step = SPANS.find((span) => span >= rough) ?? 31_536_000 * Math.ceil(rough / 31_536_000);
  const first = Math.ceil((from - origin) / step - 1e-9);
  const last = Math.floor((to - origin) / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}
