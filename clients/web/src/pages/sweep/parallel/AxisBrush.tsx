import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { PLOT_HEIGHT } from "../../../plots/parallelLayout";
import { valueAt } from "../../../plots/scales";
import { type Axis, formatCell } from "../../../store/parallelAxes";
import {
  type Brush,
  brushBetween,
  type Edge,
  extentOf,
  keptParts,
  stepEdge,
} from "../../../store/parallelBrush";
import { headingOf } from "../../../store/runCells";
import type { ColumnCondition } from "../../../store/runTable";
import type { FilterChange } from "./useLiveFilter";

interface Props {
  readonly axis: Axis;
  readonly condition: ColumnCondition | undefined;
  /** Called with each move of a drag, and once more at its end. */
  readonly onBrush: (key: string, brush: Brush | undefined, change: FilterChange) => void;
}

/** What a drag does: the brush is from `anchor` to the pointer, or moves with it. */
interface Drag {
  readonly start: number;
  readonly anchor: number | undefined;
  readonly isClick: boolean;
}

/** How near to an edge a drag takes hold of it, as a share of the axis. */
const NEAR = 8 / PLOT_HEIGHT;
const STEPS: Record<string, number> = {
  ArrowUp: 0.01,
  ArrowRight: 0.01,
  ArrowDown: -0.01,
  ArrowLeft: -0.01,
  PageUp: 0.1,
  PageDown: -0.1,
};

/** What an axis keeps: a drag brushes, a click ends that, and the keys move the edges. */
export function AxisBrush({ axis, condition, onBrush }: Props) {
  const { key, scale } = axis;
  const [drag, setDrag] = useState<Drag>();
  const [low, high] = extentOf(scale, condition);
  const parts = condition === undefined ? [] : keptParts(scale, condition);

  const begin = (event: PointerEvent<SVGElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const start = placeOf(event);
    const isBrushed = condition !== undefined;
    const isInside = isBrushed && start > low && start < high;
    const anchor =
      isBrushed && Math.abs(start - low) < NEAR
        ? high
        : isBrushed && Math.abs(start - high) < NEAR
          ? low
          : isInside
            ? undefined
            : start;
    setDrag({ start, anchor, isClick: true });
  };
  const brushTo = (place: number, { start, anchor }: Drag) => {
    if (anchor !== undefined) return brushBetween(scale, anchor, place);
    const by = Math.max(-low, Math.min(place - start, 1 - high));
    return brushBetween(scale, low + by, high + by);
  };
  const move = (event: PointerEvent<SVGElement>) => {
    if (drag === undefined) return;
    const place = placeOf(event);
    const isClick = drag.isClick && Math.abs(place - drag.start) < 0.01;
    if (isClick) return;
    onBrush(key, brushTo(place, drag), "drag");
    // A brush that moves as a whole moves from where it is now.
    setDrag({ ...drag, isClick, start: drag.anchor === undefined ? place : drag.start });
  };
  const end = () => {
    if (drag === undefined) return;
    onBrush(key, drag.isClick ? undefined : condition && withoutKey(condition), "done");
    setDrag(undefined);
  };
  const step = (event: KeyboardEvent, edge: Edge) => {
    const size = STEPS[event.key];
    const brush = condition && withoutKey(condition);
    if (size !== undefined) onBrush(key, stepEdge(scale, brush, edge, size), "step");
    else if (event.key === "Home" && edge === "low")
      onBrush(key, brushBetween(scale, 0, high), "done");
    else if (event.key === "End" && edge === "high")
      onBrush(key, brushBetween(scale, low, 1), "done");
    else if (event.key === "Delete" || event.key === "Backspace") onBrush(key, undefined, "done");
    else return;
    event.preventDefault();
  };
  const edge = (which: Edge) => {
    const place = which === "low" ? low : high;
    return (
      <rect
        key={which}
        className={condition === undefined ? "edge" : "edge brushed"}
        role="slider"
        tabIndex={0}
        aria-label={`${which === "low" ? "Lower" : "Upper"} edge of the brush on ${headingOf(axis.column)}`}
        aria-orientation="vertical"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(place * 100)}
        aria-valuetext={edgeText(axis, place)}
        x={-9}
        width={18}
        y={(1 - place) * PLOT_HEIGHT - 3}
        height={6}
        rx={3}
        onKeyDown={(event) => step(event, which)}
      />
    );
  };
  return (
    <>
      {parts.map(([from, to]) => (
        <rect
          key={from}
          className="brush"
          x={-7}
          width={14}
          y={(1 - to) * PLOT_HEIGHT}
          height={Math.max((to - from) * PLOT_HEIGHT, 1)}
        />
      ))}
      {edge("low")}
      {edge("high")}
      <rect
        className="grip"
        x={-14}
        width={28}
        y={-4}
        height={PLOT_HEIGHT + 8}
        onPointerDown={begin}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={end}
      />
    </>
  );
}

function placeOf(event: PointerEvent<SVGElement>): number {
  const { top } = event.currentTarget.getBoundingClientRect();
  return 1 - Math.max(0, Math.min(1, (event.clientY - top - 4) / PLOT_HEIGHT));
}

function withoutKey({ key: _, ...brush }: ColumnCondition): Brush {
  return brush;
}

function edgeText({ column, scale }: Axis, place: number): string {
  return formatCell(column, valueAt(scale, place));
}
