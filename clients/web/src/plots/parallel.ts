/** What the parallel coordinates draw, as a worker and the page itself do it. */
import { type DensityAxis, type DensityGrid, DensityRaster, NO_LEVEL, TOP_LEVEL } from "./density";
import type { Palette } from "./densityPalette";
import { type Pixels, toneMap, toneMapRest } from "./densityTone";
import { binsOf, positionOf, type Scale, valuesFrom } from "./scales";

/** The runs' values; sent once for each version of the table. */
export interface ParallelData {
  readonly count: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

/** One drawing. Sizes are pixels of the device. */
export interface ParallelFrame {
  readonly width: number;
  readonly height: number;
  readonly axes: readonly { readonly key: string; readonly x: number; readonly scale: Scale }[];
  readonly color: { readonly key: string; readonly scale: Scale } | undefined;
  readonly mask: Uint8Array;
  /** Whether the runs that the mask leaves out are drawn behind the others. */
  readonly hasRest: boolean;
  readonly palette: Palette;
  /** How often the sizes are halved: 0 for the picture, more for a draft while something moves. */
  readonly shift: number;
}

/** A part of a drawing, which covers all of it. */
export interface Picture {
  readonly pixels: Pixels;
  readonly width: number;
  readonly height: number;
}

/** Draws frames of the same data; keeps what the next one can use again. */
export class ParallelRaster {
  #data: ParallelData = { count: 0, columns: new Map() };
  #version = 0;
  readonly #density = new DensityRaster();
  readonly #bins = new Map<string, { scale: string; bins: Uint16Array }>();
  #levels: { scale: string; levels: Uint8Array } | undefined;

  setData(data: ParallelData): void {
    this.#data = data;
    this.#version += 1;
    this.#bins.clear();
    this.#levels = undefined;
  }

  /** Returns the runs that the frame's mask keeps. */
  draw(frame: ParallelFrame): Picture {
    const grid = this.#grid(frame, frame.mask, this.#levelsOf(frame));
    return { pixels: toneMap(grid, frame.palette), width: grid.width, height: grid.height };
  }

  /** Returns what stands behind them: all runs in one color. */
  drawRest(frame: ParallelFrame): Picture {
    const all = new Uint8Array(this.#data.count).fill(1);
    const grid = this.#grid({ ...frame, shift: 0 }, all, new Uint8Array(all.length));
    return { pixels: toneMapRest(grid, frame.palette), width: grid.width, height: grid.height };
  }

  /** Names what `drawRest` depends on. */
  restName({ width, height, axes, palette }: ParallelFrame): string {
    const places = axes.map(({ key, x, scale }) => `${x} ${nameOf(scale)} ${key}`);
    return [this.#version, width, height, palette.rest.join(), ...places].join("\n");
  }

  #grid(frame: ParallelFrame, mask: Uint8Array, levels: Uint8Array): DensityGrid {
    const { shift } = frame;
    const [width, height] = [frame.width, frame.height].map((size) => ((size - 1) >> shift) + 1);
    const axes: DensityAxis[] = frame.axes.map(({ key, x, scale }) => ({
      x: x >> shift,
      bins: this.#binsOf(key, scale, frame.height),
    }));
    const count = Math.min(this.#data.count, mask.length);
    return this.#density.draw({
      width: width ?? 1,
      height: height ?? 1,
      axes,
      count,
      mask,
      levels,
      shift,
    });
  }

  #binsOf(key: string, scale: Scale, height: number): Uint16Array {
    const name = `${height} ${nameOf(scale)}`;
    const earlier = this.#bins.get(key);
    if (earlier?.scale === name) return earlier.bins;
    const { count, columns } = this.#data;
    const bins = binsOf(scale, columns.get(key) ?? NO_VALUES, count, height);
    this.#bins.set(key, { scale: name, bins });
    return bins;
  }

  #levelsOf({ color }: ParallelFrame): Uint8Array {
    // The quantiles of the colors are those of the runs that pass the filter.
    const name =
      color === undefined
        ? ""
        : `${nameOf(color.scale)} ${color.scale.knots.join(" ")} ${color.key}`;
    if (this.#levels?.scale === name) return this.#levels.levels;
    const { count, columns } = this.#data;
    const values = color === undefined ? undefined : columns.get(color.key);
    const levels = new Uint8Array(count).fill(NO_LEVEL);
    if (values !== undefined && color !== undefined) {
      for (let row = 0; row < count; row++) {
        const value = values[row] ?? Number.NaN;
        if (!Number.isNaN(value))
          levels[row] = Math.round(shareOfColor(color.scale, value) * TOP_LEVEL);
      }
    }
    this.#levels = { scale: name, levels };
    return levels;
  }
}

const NO_VALUES = new Float64Array();

/** Names what a scale depends on; its knots follow from the data. */
function nameOf({ kind, min, max, categories, isFlipped, hasMissing }: Scale): string {
  return [kind, min, max, categories, isFlipped, hasMissing].join(" ");
}

/** Returns where in the palette a value is: 0 for the lowest, whether the axis is flipped or not. */
export function shareOfColor(scale: Scale, value: number): number {
  const from = valuesFrom(scale);
  const share = (positionOf(scale, value) - from) / (1 - from);
  return scale.isFlipped ? 1 - share : share;
}
