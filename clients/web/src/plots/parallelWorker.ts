/** Draws the parallel coordinates beside the page, which stays responsive meanwhile. */
import { type ParallelData, type ParallelFrame, ParallelRaster } from "./parallel";

export type ToWorker =
  | { readonly kind: "data"; readonly data: ParallelData }
  | { readonly kind: "frame"; readonly frame: ParallelFrame };

/** What the worker answers to a frame. */
export interface FromWorker {
  readonly bitmap: ImageBitmap;
  readonly milliseconds: number;
}

const raster = new ParallelRaster();
let canvas: OffscreenCanvas | undefined;

self.addEventListener("message", ({ data: message }: MessageEvent<ToWorker>) => {
  if (message.kind === "data") {
    raster.setData(message.data);
    return;
  }
  const start = performance.now();
  const { width, height } = message.frame;
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the worker's canvas has no context");
  context.putImageData(new ImageData(raster.draw(message.frame), width, height), 0, 0);
  const answer: FromWorker = {
    bitmap: canvas.transferToImageBitmap(),
    milliseconds: performance.now() - start,
  };
  self.postMessage(answer, { transfer: [answer.bitmap] });
});
