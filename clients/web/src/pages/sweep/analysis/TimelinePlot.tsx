import { useCallback, useRef } from "react";
import type { Area } from "../../../plots/area";
import type { Marks } from "../../../plots/marks";
import type { Palette } from "../../../plots/palette";
import { drawTimeline, timelineArea } from "../../../plots/timelineDrawing";
import { formatCount } from "../../../store/format";
import { runStateName } from "../../../store/runStates";
import type { RunTable } from "../../../store/runTable";
import {
  type Bar,
  barsIn,
  type Lane,
  type Timeline,
  type TimeRange,
  timeTicks,
} from "../../../store/timeline";
import { formatSeconds, formatTime } from "../../../store/times";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useOpenRun } from "./analysisContext";

interface Props {
  readonly table: RunTable;
  readonly timeline: Timeline;
  readonly lanes: readonly Lane[];
  readonly range: TimeRange;
  readonly now: number;
  readonly onRange: (range: TimeRange) => void;
}

/** Some agents' lanes within a range of time. */
export function TimelinePlot({ table, timeline, lanes, range, now, onRange }: Props) {
  const open = useOpenRun();
  const drawn = useRef<Area>(undefined);
  const { from, to } = range;
  const firstTrack = lanes[0]?.firstTrack ?? 0;
  const tracks = lanes.reduce((sum, lane) => sum + lane.tracks, 0);
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette): Marks | undefined => {
      const { width: across } = timelineArea(width, tracks, lanes.length);
      const shown = { from, to };
      const bars = barsIn(timeline, shown, across, now, [firstTrack, firstTrack + tracks]);
      const origin = timeline.first;
      const ticks = timeTicks(shown, origin, across / 90).map((seconds) => ({
        x: ((origin + seconds - from) / (to - from)) * across,
        text: seconds === 0 ? "start" : formatSeconds(seconds),
      }));
      const drawing = { lanes, tracks, firstTrack, bars, ticks };
      const result = drawTimeline(canvas, width, drawing, palette);
      if (result === undefined) return undefined;
      drawn.current = result.area;
      const { area, tops, height } = result;
      const topOf = (bar: Bar) => area.top + (tops[bar.track - firstTrack] ?? 0);
      return {
        order: () => Int32Array.from(bars.keys()),
        find: (x, y) => nearestBar(bars, x - area.left, (bar) => y - topOf(bar), height),
        describe: (index) => {
          const bar = bars[index];
          if (bar === undefined) return undefined;
          const middle = (Math.max(bar.left, 0) + Math.min(bar.right, area.width)) / 2;
          return {
            x: area.left + middle,
            y: topOf(bar) + height / 2,
            ...wordsOf(bar, table, timeline, now),
          };
        },
      };
    },
    [table, timeline, lanes, tracks, firstTrack, from, to, now],
  );
  const onDrag = (left: number, right: number) => {
    const area = drawn.current;
    if (area === undefined) return;
    const timeAt = (x: number) => from + ((x - area.left) / area.width) * (to - from);
    onRange({ from: timeAt(left), to: timeAt(right) });
  };
  return (
    <PlotCanvas
      label={`The runs of ${formatCount(lanes.length)} agents over time`}
      draw={draw}
      onOpen={open}
      onDrag={onDrag}
    />
  );
}

/** Returns the bar under a place, or the one beside it. */
function nearestBar(
  bars: readonly Bar[],
  x: number,
  downTo: (bar: Bar) => number,
  height: number,
): number | undefined {
  let nearest: number | undefined;
  let least = 4;
  for (let index = 0; index < bars.length; index++) {
    const bar = bars[index] as Bar;
    const distance = Math.max(bar.left - x, x - Math.max(bar.right, bar.left + 1), 0);
    if (distance > least) continue;
    const down = downTo(bar);
    if (down < 0 || down > height || (distance === least && nearest !== undefined)) continue;
    nearest = index;
    least = distance;
  }
  return nearest;
}

function wordsOf(bar: Bar, table: RunTable, timeline: Timeline, now: number) {
  const column = (key: string) => table.columns.find((each) => each.key === `field:${key}`);
  const agents = column("agent_id");
  const agent = agents?.categories[agents.values[bar.row] ?? -1] ?? "(no name)";
  const start = column("start_time")?.values[bar.row] ?? timeline.first;
  const began = formatTime(start * 1000);
  if (bar.states !== undefined) {
    const states = [...bar.states].map(
      ([state, count]) => [runStateName(state) ?? "unknown", formatCount(count)] as const,
    );
    const facts = [["agent", agent] as const, ["from", began] as const, ...states];
    return { title: `${formatCount(bar.count)} runs`, facts };
  }
  const end = column("end_time")?.values[bar.row] ?? Number.NaN;
  const number = table.numbers[bar.row] ?? 0;
  const seconds = (Number.isNaN(end) ? now : end) - start;
  return {
    title: `Run ${number}`,
    run: number,
    facts: [
      ["agent", agent],
      ["state", runStateName(bar.state) ?? "unknown"],
      ["start", began],
      [Number.isNaN(end) ? "runs for" : "took", formatSeconds(Math.max(seconds, 0))],
    ] as const,
  };
}
