import { useCallback, useState } from "react";

/** Returns an element's width, 0 before it is measured, and the function that receives the element. */
export function useRoom(): { room: number; place: (element: HTMLElement | null) => void } {
  const [room, setRoom] = useState(0);
  const place = useCallback((element: HTMLElement | null) => {
    if (element === null) return;
    const measure = () => {
      // A page that is hidden for a moment keeps its plot.
      if (element.clientWidth > 0) setRoom(element.clientWidth);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { room, place };
}
