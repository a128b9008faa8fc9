import { type ParallelData, type ParallelFrame, ParallelRaster, type Picture } from "./parallel";

type AnyCanvas = HTMLCanvasElement | OffscreenCanvas;

/** Draws frames on a canvas: the runs that the filter leaves out, and those that it keeps over them. */
export class ParallelCanvas {
  readonly #raster = new ParallelRaster();
  readonly #rest: AnyCanvas;
  readonly #kept: AnyCanvas;
  #restName = "";

  /** The function makes the canvases that are never shown. */
  constructor(make: () => AnyCanvas) {
    this.#rest = make();
    this.#kept = make();
  }

  setData(data: ParallelData): void {
    this.#raster.setData(data);
  }

  draw(canvas: AnyCanvas, frame: ParallelFrame): void {
    // Setting the size clears the canvas as well.
    canvas.width = frame.width;
    canvas.height = frame.height;
    const context = contextOf(canvas);
    if (frame.hasRest) {
      const name = this.#raster.restName(frame);
      if (name !== this.#restName) put(this.#rest, this.#raster.drawRest(frame));
      this.#restName = name;
      context.drawImage(this.#rest, 0, 0);
    }
    const kept = this.#raster.draw(frame);
    put(this.#kept, kept);
    // A draft's last row and column may be half a pixel beyond the canvas.
    const scale = 2 ** frame.shift;
    context.drawImage(this.#kept, 0, 0, kept.width * scale, kept.height * scale);
  }
}

function put(canvas: AnyCanvas, { pixels, width, height }: Picture): void {
  canvas.width = width;
  canvas.height = height;
  contextOf(canvas).putImageData(new ImageData(pixels, width, height), 0, 0);
}

function contextOf(
  canvas: AnyCanvas,
): CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d") as
    | CanvasRenderingContext2D
    | OffscreenCanvasRenderingContext2D
    | null;
  if (context === null) throw new Error("the canvas has no context");
  return context;
}
