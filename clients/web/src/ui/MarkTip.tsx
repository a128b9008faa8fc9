import { useLayoutEffect, useRef } from "react";
import type { Mark } from "../plots/marks";

interface Props {
  readonly mark: Mark;
  readonly isOpenable: boolean;
}

/** The distance of the words from their mark. */
const GAP = 12;

/** A mark's ring, its line and its words, which stay within the drawing. */
export function MarkTip({ mark: { x, y, title, facts, run, path }, isOpenable }: Props) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const words = tip.current;
    const plot = words?.parentElement;
    if (!words || !plot) return;
    const isLeft = x > plot.clientWidth / 2;
    words.style.maxWidth = `${Math.max(x, plot.clientWidth - x) - GAP}px`;
    words.style.left = `${isLeft ? x - GAP - words.offsetWidth : x + GAP}px`;
    const lowest = Math.max(plot.clientHeight - words.offsetHeight, 0);
    words.style.top = `${Math.min(Math.max(y - words.offsetHeight / 2, 0), lowest)}px`;
  });
  return (
    <>
      {path !== undefined && (
        <svg className="plot-path" aria-hidden="true">
          <path d={path} />
        </svg>
      )}
      <div className="plot-ring" style={{ left: x, top: y }} />
      <div className="plot-tip" ref={tip}>
        <strong>{title}</strong>
        <dl>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {isOpenable && run !== undefined && (
          <span className="faint">Click or Enter opens the run</span>
        )}
      </div>
    </>
  );
}
