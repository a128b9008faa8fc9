/** Draws the parallel coordinates beside the page, which stays responsive meanwhile. */
import type { ParallelData, ParallelFrame } from "./parallel";
import { ParallelCanvas } from "./parallelCanvas";

export type ToWorker =
  | { readonly kind: "data"; readonly data: ParallelData }
  | { readonly kind: "frame"; readonly frame: ParallelFrame };

/** What the worker answers to a frame. */
export interface FromWorker {
  readonly bitmap: ImageBitmap;
  readonly milliseconds: number;
}

const drawer = new ParallelCanvas(() => new OffscreenCanvas(1, 1));
const canvas = new OffscreenCanvas(1, 1);

self.addEventListener("message", ({ data: message }: MessageEvent<ToWorker>) => {
  if (message.kind === "data") {
    drawer.setData(message.data);
    return;
  }
  const start = performance.now();
  drawer.draw(canvas, message.frame);
  const answer: FromWorker = {
    bitmap: canvas.transferToImageBitmap(),
    milliseconds: performance.now() - start,
  };
  self.postMessage(answer, { transfer: [answer.bitmap] });
});
