import { type RefObject, useEffect, useState } from "react";

export const ROW_HEIGHT = 34;
/** Rows above and below the visible ones, for a scroll that is faster than the next drawing. */
const SPARE_ROWS = 8;
const LEAST_HEIGHT = 280;

/** Returns which rows are visible, and makes the grid fill what is left of the window. */
export function useGridWindow(frame: RefObject<HTMLDivElement | null>, count: number) {
  const [first, setFirst] = useState(0);
  const [size, setSize] = useState({ width: 1_000, height: 600 });
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const fit = () => {
      element.style.maxHeight = `${heightLeft(element)}px`;
      setSize({ width: element.clientWidth, height: element.clientHeight });
    };
    const observer = new ResizeObserver(fit);
    // What is above or below the grid may grow.
    observer.observe(document.body);
    observer.observe(element);
    window.addEventListener("resize", fit);
    return () => {
      observer.disconnect();
      window.removeEventListener("resize", fit);
    };
  }, [frame]);
  const shown = Math.ceil(size.height / ROW_HEIGHT);
  const top = Math.max(Math.min(first, count - 1), 0);
  return {
    from: Math.max(top - SPARE_ROWS, 0),
    to: Math.min(top + shown + SPARE_ROWS, count),
    /** How many rows a page has; the heading covers one. */
    page: Math.max(1, shown - 2),
    width: size.width,
    onScroll: () => setFirst(Math.floor((frame.current?.scrollTop ?? 0) / ROW_HEIGHT)),
  };
}

/** Returns the height at which the page itself needs no scroll bar; a small window scrolls. */
function heightLeft(element: HTMLElement): number {
  const top = element.getBoundingClientRect().top + window.scrollY;
  let below = 0;
  let inner: HTMLElement = element;
  for (let outer = element.parentElement; outer !== null; outer = outer.parentElement) {
    const style = getComputedStyle(outer);
    if (outer.classList.contains("runs-page")) below += heightAfter(inner);
    const lengths = [style.paddingBottom, style.marginBottom, style.borderBottomWidth];
    below += lengths.reduce((sum, length) => sum + (Number.parseFloat(length) || 0), 0);
    inner = outer;
  }
  return Math.max(Math.floor(window.innerHeight - top - below), LEAST_HEIGHT);
}

/** Returns how much room what follows an element takes; a dialog lies over the page. */
function heightAfter(element: Element): number {
  const { bottom } = element.getBoundingClientRect();
  let last = bottom;
  for (let next = element.nextElementSibling; next !== null; next = next.nextElementSibling) {
    const isShown = next.getClientRects().length > 0 && !next.matches("dialog");
    if (isShown) last = Math.max(last, next.getBoundingClientRect().bottom);
  }
  return last - bottom;
}
