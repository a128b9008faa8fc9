import { type KeyboardEvent, type PointerEvent, useCallback, useId, useRef, useState } from "react";
import type { Palette } from "../../../plots/palette";
import { drawPareto, type ParetoPlot, paretoArea, placeIn } from "../../../plots/paretoPlot";
import { nearestPoint } from "../../../plots/pointRaster";
import { Canvas } from "../../../ui/Canvas";
import { useWidth } from "../../../ui/useWidth";

/** A place on both axes, 0 to 1 from the left and from the foot. */
export interface Place {
  readonly left: number;
  readonly top: number;
}

interface Props {
  readonly label: string;
  readonly plot: ParetoPlot;
  /** The row whose values are shown. */
  readonly active: number | undefined;
  readonly onActive: (row: number | undefined) => void;
  readonly onOpen: (row: number) => void;
  readonly onBrush: (from: Place, to: Place) => void;
  /** The values of a row. */
  readonly children: (row: number) => React.ReactNode;
}

const NEAR = 14;
/** A movement of fewer pixels is a click. */
const CLICK = 6;

/** The runs on two metrics: a drag selects runs, the pointer and the arrow keys show one. */
export function ParetoScatter(props: Props) {
  const { label, plot, active, onActive, onOpen, onBrush, children } = props;
  const help = useId();
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const [drag, setDrag] = useState<{ from: Place; to: Place }>();
  const [isPinned, setPinned] = useState(false);
  const area = paretoArea(width);
  const draw = useCallback(
    (canvas: HTMLCanvasElement, wide: number, palette: Palette) =>
      drawPareto(canvas, wide, plot, palette),
    [plot],
  );

  const placeOf = (event: PointerEvent<HTMLElement>): Place => {
    const bounds = event.currentTarget.getBoundingClientRect();
    return {
      left: clamp((event.clientX - bounds.left - area.left) / area.width),
      top: clamp(1 - (event.clientY - bounds.top - area.top) / area.height),
    };
  };
  const isDrag = (moved: { from: Place; to: Place }) =>
    Math.abs(moved.to.left - moved.from.left) * area.width > CLICK ||
    Math.abs(moved.to.top - moved.from.top) * area.height > CLICK;
  const nearest = (target: Place) => nearestPoint(plot, area, target, NEAR);
  const release = () => {
    setPinned(false);
    onActive(undefined);
  };

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const to = placeOf(event);
    if (drag !== undefined) setDrag({ ...drag, to });
    else if (!isPinned) onActive(nearest(to));
  };
  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    if (drag === undefined) return;
    setDrag(undefined);
    const done = { ...drag, to: placeOf(event) };
    if (isDrag(done)) {
      release();
      onBrush(done.from, done.to);
      return;
    }
    const row = nearest(done.to);
    setPinned(row !== undefined);
    onActive(row);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    // From left to right, as the arrow keys go.
    const front = Array.from(plot.front).sort(
      (one, other) =>
        (plot.lefts[one] ?? 0) - (plot.lefts[other] ?? 0) ||
        (plot.tops[one] ?? 0) - (plot.tops[other] ?? 0),
    );
    const index = active === undefined ? -1 : front.indexOf(active);
    const go = (to: number) => {
      setPinned(true);
      onActive(front[Math.max(0, Math.min(to, front.length - 1))]);
    };
    const actions: Record<string, () => void> = {
      ArrowRight: () => go(index + 1),
      ArrowUp: () => go(index + 1),
      ArrowLeft: () => go(index - 1),
      ArrowDown: () => go(index - 1),
      Home: () => go(0),
      End: () => go(front.length - 1),
      Escape: release,
      ...(active === undefined ? {} : { Enter: () => onOpen(active) }),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  const [left, top] = active === undefined ? [Number.NaN, Number.NaN] : placeIn(area, plot, active);
  const isShown =
    active !== undefined && plot.mask[active] === 1 && !Number.isNaN(left + top) && width > 0;
  const isLow = top > area.top + area.height / 2;
  return (
    <>
      <div
        ref={place}
        className="pareto-plot"
        role="application"
        aria-label={label}
        aria-describedby={help}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go from run to run
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0 || isControl(event.target)) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const from = placeOf(event);
          setDrag({ from, to: from });
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setDrag(undefined)}
        onPointerLeave={() => {
          if (!isPinned && drag === undefined) onActive(undefined);
        }}
        onBlur={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget)) release();
        }}
      >
        <Canvas label={label} draw={draw} />
        {drag !== undefined && isDrag(drag) && (
          <div className="pareto-brush" style={boxOf(drag, area)} />
        )}
        {isShown && <div className="pareto-ring" style={{ left, top }} />}
        {isShown && (
          <div
            className={isPinned ? "pareto-tip pinned" : "pareto-tip"}
            style={{
              ...(isLow ? { bottom: `calc(100% - ${top - 12}px)` } : { top: top + 12 }),
              ...(left > width / 2 ? { right: width - left + 12 } : { left: left + 12 }),
            }}
            role="status"
          >
            {children(active)}
          </div>
        )}
      </div>
      <p className="hint" id={help}>
        Drag a rectangle to filter by both metrics. Click a run to keep its values on the page. With
        the keyboard: <kbd>←</kbd> <kbd>→</kbd> go along the front, <kbd>Enter</kbd> opens the run,{" "}
        <kbd>Esc</kbd> leaves it.
      </p>
    </>
  );
}

function clamp(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, .pareto-tip") !== null;
}

function boxOf(
  { from, to }: { from: Place; to: Place },
  area: ReturnType<typeof paretoArea>,
): React.CSSProperties {
  return {
    left: area.left + Math.min(from.left, to.left) * area.width,
    top: area.top + (1 - Math.max(from.top, to.top)) * area.height,
    width: Math.abs(to.left - from.left) * area.width,
    height: Math.abs(to.top - from.top) * area.height,
  };
}
