import { useEffect, useRef, useState } from "react";
import { type ParallelLayout, placeAt } from "../../../plots/parallelLayout";
import type { Axis } from "../../../store/parallelAxes";
import { headingOf } from "../../../store/runCells";

interface Props {
  readonly axes: readonly Axis[];
  readonly layout: ParallelLayout;
  /** The axes with a brush. */
  readonly brushed: ReadonlySet<string>;
  readonly openKey: string | undefined;
  readonly onOpen: (key: string, title: HTMLElement) => void;
  readonly onMove: (key: string, to: number) => void;
}

interface Drag {
  readonly key: string;
  readonly start: number;
  readonly by: number;
}

/** How far a pointer moves before a press becomes a drag. */
const LEAST_DRAG = 5;

/** The names of the axes: a drag or an arrow key moves an axis, a press opens its menu. */
export function AxisTitles({ axes, layout, brushed, openKey, onOpen, onMove }: Props) {
  const [drag, setDrag] = useState<Drag>();
  const list = useRef<HTMLOListElement>(null);
  const moved = useRef<string>(undefined);
  // The click at the end of a drag opens no menu.
  const wasDragged = useRef(false);
  const earlier = useRef<readonly string[]>([]);
  // An element that moves within its list loses the focus, as one that is hidden does.
  useEffect(() => {
    const keys = axes.map(({ key }) => key);
    const hidden = earlier.current.findIndex((key) => !keys.includes(key));
    const wanted = moved.current === undefined ? hidden : keys.indexOf(moved.current);
    const isLost = moved.current !== undefined || document.activeElement === document.body;
    earlier.current = keys;
    moved.current = undefined;
    if (!isLost || wanted < 0) return;
    list.current?.querySelectorAll("button")[Math.min(wanted, keys.length - 1)]?.focus();
  }, [axes]);
  const isDragged = drag !== undefined && Math.abs(drag.by) >= LEAST_DRAG;
  const target = isDragged ? placeAt(layout, drag.start + drag.by) : undefined;
  return (
    <ol className="parallel-titles" ref={list}>
      {axes.map(({ key, column, scale }, index) => {
        const x = layout.xs[index] ?? 0;
        const isThis = isDragged && drag.key === key;
        const name = headingOf(column);
        return (
          <li
            key={key}
            className={isThis ? "dragged" : undefined}
            style={{ left: x - 5 + (isThis ? drag.by : 0), width: layout.gap - 2 }}
          >
            <button
              type="button"
              title={name}
              aria-haspopup="dialog"
              aria-expanded={openKey === key}
              aria-description={`Axis ${index + 1} of ${axes.length}. The left and right arrow keys move it.`}
              onClick={(event) => {
                if (!wasDragged.current) onOpen(key, event.currentTarget);
                wasDragged.current = false;
              }}
              onKeyDown={(event) => {
                const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
                if (step === undefined) return;
                event.preventDefault();
                moved.current = key;
                onMove(key, index + step);
              }}
              onPointerDown={(event) => {
                if (event.button !== 0) return;
                event.currentTarget.setPointerCapture(event.pointerId);
                wasDragged.current = false;
                setDrag({ key, start: x, by: 0 });
                event.currentTarget.dataset.from = String(event.clientX);
              }}
              onPointerMove={(event) => {
                if (drag?.key !== key) return;
                const from = Number(event.currentTarget.dataset.from);
                setDrag({ ...drag, by: event.clientX - from });
              }}
              onPointerUp={() => {
                setDrag(undefined);
                wasDragged.current = isDragged;
                if (target === undefined || target === index) return;
                moved.current = key;
                onMove(key, target);
              }}
              onPointerCancel={() => setDrag(undefined)}
            >
              <span className="name">
                <bdi>{name}</bdi>
                {scale.isFlipped && <span aria-hidden="true"> ⇅</span>}
              </span>
              {brushed.has(key) && <span className="visually-hidden">, brushed</span>}
            </button>
          </li>
        );
      })}
      {target !== undefined && (
        <li className="drop" aria-hidden="true" style={{ left: layout.xs[target] ?? 0 }} />
      )}
    </ol>
  );
}
