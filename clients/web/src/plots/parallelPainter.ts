import { type ParallelData, type ParallelFrame, ParallelRaster } from "./parallel";
import type { FromWorker, ToWorker } from "./parallelWorker";

/** Paints frames on a canvas: by a worker, or on the page where the browser lacks what that needs. */
export class ParallelPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #onPainted: (milliseconds: number) => void;
  #worker: Worker | undefined;
  #raster: ParallelRaster | undefined;
  #data: ParallelData | undefined;
  #isBusy = false;
  #next: ParallelFrame | undefined;
  #timer = 0;

  constructor(canvas: HTMLCanvasElement, onPainted: (milliseconds: number) => void) {
    this.#canvas = canvas;
    this.#onPainted = onPainted;
    if (typeof OffscreenCanvas === "undefined" || typeof Worker === "undefined") this.#fallBack();
    else this.#start();
  }

  #start(): void {
    this.#worker = new Worker(new URL("./parallelWorker.ts", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      this.#show(data.bitmap, data.milliseconds);
      data.bitmap.close();
      this.#isBusy = false;
      this.#paintNext();
    });
    // A worker that a policy or an old browser refuses is no reason to show nothing.
    this.#worker.addEventListener("error", () => {
      this.#worker?.terminate();
      this.#worker = undefined;
      this.#isBusy = false;
      this.#fallBack();
      this.#paintNext();
    });
  }

  #fallBack(): void {
    this.#raster = new ParallelRaster();
    if (this.#data !== undefined) this.#raster.setData(this.#data);
  }

  setData(data: ParallelData): void {
    this.#data = data;
    this.#raster?.setData(data);
    this.#tell({ kind: "data", data });
  }

  /** Paints a frame as soon as the one before is done; of several that wait, the latest. */
  paint(frame: ParallelFrame): void {
    this.#next = frame;
    this.#paintNext();
  }

  close(): void {
    this.#worker?.terminate();
    cancelAnimationFrame(this.#timer);
    this.#next = undefined;
  }

  #paintNext(): void {
    if (this.#isBusy || this.#next === undefined) return;
    this.#isBusy = true;
    if (this.#worker !== undefined) {
      this.#tell({ kind: "frame", frame: this.#next });
      // A worker that fails meanwhile leaves the frame for the page itself.
      const sent = this.#next;
      queueMicrotask(() => {
        if (this.#next === sent && this.#worker !== undefined) this.#next = undefined;
      });
      return;
    }
    this.#timer = requestAnimationFrame(() => {
      this.#isBusy = false;
      const frame = this.#next;
      this.#next = undefined;
      if (frame === undefined || this.#raster === undefined) return;
      const start = performance.now();
      const image = new ImageData(this.#raster.draw(frame), frame.width, frame.height);
      const context = this.#resize(frame.width, frame.height);
      context?.putImageData(image, 0, 0);
      this.#onPainted(performance.now() - start);
    });
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #show(bitmap: ImageBitmap, milliseconds: number): void {
    this.#resize(bitmap.width, bitmap.height)?.drawImage(bitmap, 0, 0);
    this.#onPainted(milliseconds);
  }

  #resize(width: number, height: number): CanvasRenderingContext2D | null {
    // Setting the size clears the canvas as well.
    this.#canvas.width = width;
    this.#canvas.height = height;
    return this.#canvas.getContext("2d");
  }
}
