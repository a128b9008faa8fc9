import { useEffect, useRef, useState } from "react";
import { DARK, LIGHT } from "../../../plots/densityPalette";
import type { ParallelData } from "../../../plots/parallel";
import { ParallelPainter } from "../../../plots/parallelPainter";
import { ticksOf } from "../../../plots/scales";
import {
  type Axis,
  type Brush,
  brushBetween,
  formatCell,
  keptParts,
} from "../../../store/parallelAxes";
import type { ColumnCondition } from "../../../store/runTable";

const HEIGHT = 340;
const TOP = 34;
const SIDE = 20;
const ROOM = 110;

interface Props {
  readonly data: ParallelData;
  readonly axes: readonly Axis[];
  readonly colour: Axis | undefined;
  readonly mask: Uint8Array;
  readonly conditions: readonly ColumnCondition[];
  readonly onBrush: (key: string, brush: Brush | undefined) => void;
}

/** The runs as lines through the axes; a drag along an axis filters by it, a click ends that. */
export function ParallelPlot({ data, axes, colour, mask, conditions, onBrush }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<ParallelPainter>(undefined);
  const [room, setRoom] = useState(800);
  const [drag, setDrag] = useState<{ axis: Axis; from: number; to: number }>();
  const width = Math.max(room, axes.length * ROOM);
  const gap = axes.length > 1 ? (width - 2 * SIDE - 90) / (axes.length - 1) : 0;

  useEffect(() => {
    if (canvas.current === null || frame.current === null) return;
    const made = new ParallelPainter(canvas.current);
    painter.current = made;
    const observer = new ResizeObserver(([entry]) => setRoom(entry?.contentRect.width ?? 800));
    observer.observe(frame.current);
    return () => {
      observer.disconnect();
      made.close();
    };
  }, []);
  useEffect(() => painter.current?.setData(data), [data]);
  useEffect(() => {
    const ratio = Math.min(window.devicePixelRatio, 2);
    const isDark =
      getComputedStyle(document.documentElement).colorScheme === "dark" ||
      (document.documentElement.style.colorScheme !== "light" &&
        matchMedia("(prefers-color-scheme: dark)").matches);
    const frame = {
      width: Math.round(width * ratio),
      height: Math.round(HEIGHT * ratio),
      axes: axes.map(({ key, scale }, index) => ({
        key,
        scale,
        x: Math.round((SIDE + index * gap) * ratio),
      })),
      colour,
      mask,
      hasRest: mask.includes(0),
      palette: isDark ? DARK : LIGHT,
    };
    painter.current?.paint(frame, false);
  }, [axes, colour, mask, width, gap]);

  const placeOf = (event: React.PointerEvent<SVGElement>) => {
    const top = event.currentTarget.getBoundingClientRect().top;
    return 1 - Math.max(0, Math.min(1, (event.clientY - top) / HEIGHT));
  };
  const partsOf = (axis: Axis) => {
    if (drag?.axis.key === axis.key) return [[drag.from, drag.to].sort((a, b) => a - b)];
    const condition = conditions.find(({ key }) => key === axis.key);
    return condition === undefined ? [] : keptParts(axis.scale, condition);
  };
  return (
    <div className="parallel-scroll" ref={frame}>
      <div className="parallel-plot" style={{ width, height: HEIGHT + TOP + 12 }}>
        <canvas ref={canvas} style={{ top: TOP, width, height: HEIGHT }} />
        <svg width={width} height={HEIGHT + TOP + 12} aria-hidden="true">
          {axes.map((axis, index) => (
            <g key={axis.key} transform={`translate(${SIDE + index * gap} ${TOP})`}>
              <text y={-14}>{axis.column.name}</text>
              <line y2={HEIGHT} />
              {partsOf(axis).map(([low = 0, high = 0]) => (
                <rect
                  key={low}
                  className="brush"
                  x={-7}
                  width={14}
                  y={(1 - high) * HEIGHT}
                  height={Math.max((high - low) * HEIGHT, 1)}
                />
              ))}
              {ticksOf(axis.scale, 5).map(({ value, position }) => (
                <text key={String(value)} className="tick" x={9} y={(1 - position) * HEIGHT + 4}>
                  {formatCell(axis.column, value)}
                </text>
              ))}
              <rect
                className="grip"
                x={-14}
                width={28}
                height={HEIGHT}
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  const place = placeOf(event);
                  setDrag({ axis, from: place, to: place });
                }}
                onPointerMove={(event) => {
                  if (drag !== undefined) setDrag({ ...drag, to: placeOf(event) });
                }}
                onPointerUp={() => {
                  if (drag === undefined) return;
                  const isClick = Math.abs(drag.to - drag.from) < 0.01;
                  onBrush(
                    axis.key,
                    isClick ? undefined : brushBetween(axis.scale, drag.from, drag.to),
                  );
                  setDrag(undefined);
                }}
                onPointerCancel={() => setDrag(undefined)}
              />
            </g>
          ))}
        </svg>
      </div>
    </div>
  );
}
