import { useEffect, useRef } from "react";
import { drawLines, type Lines } from "../plots/lines";
import { type Palette, paletteOf } from "../plots/palette";
import { useColors } from "./useColors";

interface Props {
  /** What a screen reader says instead of the drawing. */
  readonly label: string;
  readonly lines: (palette: Palette) => Lines;
}

/** Draws lines, and again when they, the width or the colors change. */
export function LinePlot({ label, lines }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const colors = useColors();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette follows the colors
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const palette = paletteOf(element);
    const drawing = drawLines(element, lines(palette), palette);
    const observer = new ResizeObserver(() => drawing.resize(element.clientWidth));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawing.destroy();
    };
  }, [lines, colors]);
  return <div ref={place} className="plot" role="img" aria-label={label} />;
}
