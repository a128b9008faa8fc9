import {
  type KeyboardEvent,
  type PointerEvent,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import { type Mark, type Marks, placeAfterKey } from "../plots/marks";
import { type Palette, paletteOf } from "../plots/palette";
import { drawSoon } from "./drawQueue";
import { MarkTip } from "./MarkTip";
import { OnScreenContext } from "./useAnswer";
import { useColors } from "./useColors";

interface Props {
  /** What a screen reader says of the drawing. */
  readonly label: string;
  /** Draws, and returns what can be pointed at. */
  readonly draw: (canvas: HTMLCanvasElement, width: number, palette: Palette) => Marks | undefined;
  /** Opens the run of a mark. */
  readonly onOpen?: (run: number) => void;
  /** Selects a part of the drawing's width, in CSS pixels, by a drag. */
  readonly onDrag?: (from: number, to: number) => void;
}

/** A pixel of a click does not count as a drag. */
const LEAST_DRAG = 4;

/**
 * A canvas whose marks are shown in words: under the pointer, or by the arrow keys. It is drawn
 * again when its drawing, its width or the colors change.
 */
export function PlotCanvas({ label, draw, onOpen, onDrag }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const marks = useRef<Marks>(undefined);
  const chosen = useRef(-1);
  /** Where the pointer is; undefined if the keyboard chose the mark, or nothing is shown. */
  const pointer = useRef<{ x: number; y: number }>(undefined);
  const isShown = useRef(false);
  const [shown, setShown] = useState<Mark>();
  const [said, setSaid] = useState("");
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const colors = useColors();
  const isOnScreen = useContext(OnScreenContext);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette follows the colors
  useEffect(() => {
    const element = place.current;
    if (element === null || !isOnScreen) return;
    let width = 0;
    let takeBack = () => {};
    const paint = () => {
      if (canvas.current === null) return;
      marks.current = draw(canvas.current, width, paletteOf(element));
      if (isShown.current) setShown(again(marks.current, pointer.current, chosen.current));
    };
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      takeBack();
      const stop = drawSoon(paint);
      takeBack = () => {
        stop();
      };
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      takeBack();
    };
  }, [draw, colors, isOnScreen]);

  const isDragging = drag !== undefined && Math.abs(drag.to - drag.from) >= LEAST_DRAG;
  const placeOf = (event: PointerEvent<HTMLElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const hide = () => {
    isShown.current = false;
    setShown(undefined);
  };
  const look = (event: PointerEvent<HTMLElement>): Mark | undefined => {
    const { x, y } = placeOf(event);
    pointer.current = { x, y };
    isShown.current = true;
    const found = marks.current?.find(x, y);
    const mark = found === undefined ? undefined : marks.current?.describe(found);
    setShown(mark);
    return mark;
  };
  const open = (mark: Mark | undefined) => {
    if (mark?.run !== undefined) onOpen?.(mark.run);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || marks.current === undefined) return;
    if (event.key === "Escape") return hide();
    if (event.key === "Enter") return open(shown);
    const order = marks.current.order();
    const next = placeAfterKey(event.key, chosen.current, order.length);
    if (next === undefined) return;
    event.preventDefault();
    chosen.current = next;
    pointer.current = undefined;
    isShown.current = true;
    const mark = marks.current.describe(order[next] ?? -1);
    setShown(mark);
    setSaid(mark === undefined ? "" : textOf(mark));
  };
  const endDrag = (event: PointerEvent<HTMLElement>) => {
    if (isDragging) {
      onDrag?.(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
    } else if (event.button === 0) {
      const before = shown;
      const mark = look(event);
      // A finger has no place to look from: its first tap shows the mark, and the second opens it.
      const isSecond = before?.run === mark?.run;
      if (event.pointerType !== "touch" || isSecond) open(mark);
    }
    setDrag(undefined);
  };
  return (
    <div
      ref={place}
      className={onDrag === undefined ? "plot inspected" : "plot inspected dragged"}
      role="application"
      aria-roledescription="chart"
      aria-label={`${label}. The arrow keys read its marks${onOpen === undefined ? "" : "; Enter opens a run"}.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard reads the marks
      tabIndex={0}
      onKeyDown={onKeyDown}
      onBlur={hide}
      onPointerMove={(event) => {
        if (drag === undefined) {
          if (event.pointerType !== "touch") look(event);
        } else setDrag({ ...drag, to: placeOf(event).x });
      }}
      onPointerDown={(event) => {
        if (onDrag === undefined || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const { x } = placeOf(event);
        setDrag({ from: x, to: x });
      }}
      onPointerUp={endDrag}
      onPointerCancel={() => setDrag(undefined)}
      onPointerLeave={(event) => event.pointerType !== "touch" && hide()}
    >
      <canvas ref={canvas} />
      {isDragging && (
        <div
          className="plot-range"
          style={{ left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }}
        />
      )}
      {shown !== undefined && !isDragging && (
        <MarkTip mark={shown} isOpenable={onOpen !== undefined} />
      )}
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </div>
  );
}

/** Returns what to show of a drawing that was drawn again. */
function again(
  marks: Marks | undefined,
  pointer: { readonly x: number; readonly y: number } | undefined,
  chosen: number,
): Mark | undefined {
  const mark = pointer === undefined ? marks?.order()[chosen] : marks?.find(pointer.x, pointer.y);
  return mark === undefined ? undefined : marks?.describe(mark);
}

function textOf({ title, facts }: Mark): string {
  return [title, ...facts.map(([name, value]) => `${name} ${value}`)].join(", ");
}
