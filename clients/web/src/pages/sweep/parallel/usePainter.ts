import { type RefObject, useEffect, useRef } from "react";
import type { Palette } from "../../../plots/densityPalette";
import type { ParallelData } from "../../../plots/parallel";
import { type ParallelLayout, PLOT_HEIGHT } from "../../../plots/parallelLayout";
import { ParallelPainter } from "../../../plots/parallelPainter";
import type { Axis } from "../../../store/parallelAxes";

interface Painted {
  readonly data: ParallelData;
  readonly axes: readonly Axis[];
  readonly color: Axis | undefined;
  readonly mask: Uint8Array;
  readonly layout: ParallelLayout;
  readonly palette: Palette;
  /** Whether the next picture is about to follow, so that a draft is enough. */
  readonly isMoving: boolean;
}

/** Keeps the raster on a canvas current. */
export function usePainter(
  canvas: RefObject<HTMLCanvasElement | null>,
  { data, axes, color, mask, layout, palette, isMoving }: Painted,
): void {
  const painter = useRef<ParallelPainter>(undefined);
  useEffect(() => {
    if (canvas.current === null) return;
    const made = new ParallelPainter(canvas.current);
    painter.current = made;
    return () => made.close();
  }, [canvas]);
  useEffect(() => painter.current?.setData(data), [data]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new data must be drawn too
  useEffect(() => {
    const ratio = Math.min(window.devicePixelRatio, 2);
    const frame = {
      width: Math.round(layout.width * ratio),
      height: Math.round(PLOT_HEIGHT * ratio),
      axes: axes.map(({ key, scale }, index) => ({
        key,
        scale,
        x: Math.round((layout.xs[index] ?? 0) * ratio),
      })),
      color: color === undefined ? undefined : { key: color.key, scale: color.scale },
      mask,
      hasRest: mask.includes(0),
      palette,
    };
    painter.current?.paint(frame, isMoving);
  }, [data, axes, color, mask, layout, palette, isMoving]);
}
