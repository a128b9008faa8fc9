import { useEffect, useRef } from "react";
import { type Palette, paletteOf } from "../plots/palette";
import { useColors } from "./useColors";

interface Props {
  /** What a screen reader says instead of the drawing. */
  readonly label: string;
  readonly draw: (canvas: HTMLCanvasElement, width: number, palette: Palette) => void;
}

/** A canvas that is drawn again when its drawing, its width or the colors change. */
export function Canvas({ label, draw }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = useColors();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette follows the colors
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let width = 0;
    const observer = new ResizeObserver(() => {
      if (canvas.current === null || element.clientWidth === width) return;
      width = element.clientWidth;
      draw(canvas.current, width, paletteOf(element));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [draw, colors]);
  return (
    <div ref={place} className="plot" role="img" aria-label={label}>
      <canvas ref={canvas} />
    </div>
  );
}
