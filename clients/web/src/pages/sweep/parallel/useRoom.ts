import { useCallback, useState } from "react";

/** Returns an element's width, 0 before it is measured, and the function that receives the element. */
export function useRoom(): { room: number; place: (element: HTMLElement | null) => void } {
  const [room, setRoom] = useState(0);
  const place = useCallback((element: HTMLElement | null) => {
    if (element === null) return;
    setRoom(element.clientWidth);
    const observer = new ResizeObserver(() => setRoom(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { room, place };
}
