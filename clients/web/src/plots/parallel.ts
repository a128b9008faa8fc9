/** What the parallel coordinates draw, and how a worker or the page itself draws it. */
import { type DensityAxis, density, NO_LEVEL, TOP_LEVEL, toneMap } from "./density";
import type { Palette } from "./densityPalette";
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
  readonly colour: { readonly key: string; readonly scale: Scale } | undefined;
  readonly mask: Uint8Array;
  readonly palette: Palette;
  readonly step: number;
}

export type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** Draws frames of the same data; remembers what the next one can use again. */
export class ParallelRaster {
  #data: ParallelData = { count: 0, columns: new Map() };
  readonly #bins = new Map<string, { scale: string; bins: Uint16Array }>();
  #levels: { scale: string; levels: Uint8Array } | undefined;

  setData(data: ParallelData): void {
    this.#data = data;
    this.#bins.clear();
    this.#levels = undefined;
  }

  draw(frame: ParallelFrame): Pixels {
    const { width, height, mask, step } = frame;
    const count = Math.min(this.#data.count, mask.length);
    const axes: DensityAxis[] = frame.axes.map(({ key, x, scale }) => ({
      x,
      bins: this.#binsOf(key, scale, height),
    }));
    const levels = this.#levelsOf(frame);
    return toneMap(density({ width, height, axes, count, mask, levels, step }), frame.palette);
  }

  #binsOf(key: string, scale: Scale, height: number): Uint16Array {
    const name = `${height} ${nameOf(scale)}`;
    const known = this.#bins.get(key);
    if (known?.scale === name) return known.bins;
    const { count, columns } = this.#data;
    const bins = binsOf(scale, columns.get(key) ?? NO_VALUES, count, height);
    this.#bins.set(key, { scale: name, bins });
    return bins;
  }

  #levelsOf({ colour }: ParallelFrame): Uint8Array {
    const name = colour === undefined ? "" : `${colour.key} ${nameOf(colour.scale)}`;
    if (this.#levels?.scale === name) return this.#levels.levels;
    const { count, columns } = this.#data;
    const values = colour === undefined ? undefined : columns.get(colour.key);
    const levels = new Uint8Array(count).fill(NO_LEVEL);
    if (values !== undefined && colour !== undefined) {
      for (let row = 0; row < count; row++) {
        const value = values[row] ?? Number.NaN;
        if (!Number.isNaN(value))
          levels[row] = Math.round(shareOfColour(colour.scale, value) * TOP_LEVEL);
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
export function shareOfColour(scale: Scale, value: number): number {
  const from = valuesFrom(scale);
  const share = (positionOf(scale, value) - from) / (1 - from);
  return scale.isFlipped ? 1 - share : share;
}
