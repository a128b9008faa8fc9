import type { ParallelData, ParallelFrame } from "./parallel";
import { ParallelCanvas } from "./parallelCanvas";
import type { FromWorker, ToWorker } from "./parallelWorker";

/** A frame before it is decided whether it is drawn as a draft. */
export type WantedFrame = Omit<ParallelFrame, "shift">;

/** A picture that takes longer is drawn as a draft while something moves. */
const SLOW_MS = 20;
/** What a draft should take at most, so that others find time on the processor. */
const DRAFT_MS = 40;
/** A draft of more halvings would not be recognized. */
const MOST_HALVINGS = 2;
/** How long nothing moves at least before the draft is replaced by the picture. */
const LEAST_REST_MS = 150;
const MOST_REST_MS = 600;
/** The name of the browser's performance measures: one a frame, from its request to its pixels. */
export const FRAME_MEASURE = "parallel-frame";

/** Returns how often the sizes are halved while something moves, by the time of a whole picture. */
export function draftShift(pictureMs: number): number {
  if (pictureMs <= SLOW_MS) return 0;
  // Half of the rows take about a quarter of the time.
  const halvings = Math.ceil(Math.log2(pictureMs / DRAFT_MS) / 2);
  return Math.max(1, Math.min(halvings, MOST_HALVINGS));
}

/** Paints frames on a canvas: by a worker, or on the page where the browser lacks what that needs. */
export class ParallelPainter {
  readonly #canvas: HTMLCanvasElement;
  #worker: Worker | undefined;
  #drawer: ParallelCanvas | undefined;
  #data: ParallelData | undefined;
  #next: ParallelFrame | undefined;
  /** The frame that is being drawn. */
  #current: ParallelFrame | undefined;
  #start = 0;
  /** The times of the last two whole pictures; the first one may include the worker's start. */
  #pictureMs: readonly number[] = [];
  #rest: ReturnType<typeof setTimeout> | undefined;
  #timer = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    if (typeof OffscreenCanvas === "undefined" || typeof Worker === "undefined") this.#fallBack();
    else this.#startWorker();
  }

  #startWorker(): void {
    const worker = new Worker(new URL("./parallelWorker.ts", import.meta.url), { type: "module" });
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      this.#canvas.width = data.bitmap.width;
      this.#canvas.height = data.bitmap.height;
      this.#canvas.getContext("2d")?.drawImage(data.bitmap, 0, 0);
      data.bitmap.close();
      this.#painted(data.milliseconds);
    });
    // A worker that a policy or an old browser refuses is no reason to show nothing.
    worker.addEventListener("error", () => {
      worker.terminate();
      this.#worker = undefined;
      this.#fallBack();
      this.#next ??= this.#current;
      this.#current = undefined;
      this.#paintNext();
    });
  }

  #fallBack(): void {
    this.#drawer = new ParallelCanvas(() => document.createElement("canvas"));
    if (this.#data !== undefined) this.#drawer.setData(this.#data);
  }

  setData(data: ParallelData): void {
    this.#data = data;
    this.#drawer?.setData(data);
    this.#send({ kind: "data", data });
  }

  /**
   * Paints a frame as soon as the one before is done; of several that wait, the latest. While
   * something moves, a slow picture is preceded by a draft.
   */
  paint(frame: WantedFrame, isMoving: boolean): void {
    clearTimeout(this.#rest);
    const pictureMs = Math.min(...this.#pictureMs);
    const shift = isMoving ? draftShift(pictureMs) : 0;
    this.#next = { ...frame, shift };
    // A slow picture would hold up the drafts if the pointer moves on.
    const rest = Math.max(LEAST_REST_MS, Math.min(pictureMs, MOST_REST_MS));
    if (shift > 0) this.#rest = setTimeout(() => this.paint(frame, false), rest);
    this.#paintNext();
  }

  close(): void {
    this.#worker?.terminate();
    clearTimeout(this.#rest);
    cancelAnimationFrame(this.#timer);
    this.#next = undefined;
  }

  #paintNext(): void {
    const frame = this.#next;
    if (this.#current !== undefined || frame === undefined) return;
    this.#current = frame;
    this.#next = undefined;
    this.#start = performance.now();
    if (this.#worker !== undefined) {
      this.#send({ kind: "frame", frame });
      return;
    }
    this.#timer = requestAnimationFrame(() => {
      const start = performance.now();
      this.#drawer?.draw(this.#canvas, frame);
      this.#painted(performance.now() - start);
    });
  }

  #painted(milliseconds: number): void {
    if (this.#current?.shift === 0) {
      this.#pictureMs = [...this.#pictureMs.slice(-1), milliseconds];
    }
    this.#current = undefined;
    performance.clearMeasures(FRAME_MEASURE);
    performance.measure(FRAME_MEASURE, { start: this.#start, detail: { milliseconds } });
    this.#paintNext();
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}
