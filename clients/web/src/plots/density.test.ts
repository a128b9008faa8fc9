import { expect, test } from "vitest";
import { type DensityInput, density, NO_LEVEL, TOP_LEVEL, toneMap } from "./density";
import { LIGHT } from "./densityPalette";
import { randomNumbers } from "./randomNumbers";

/** Draws each run's line by itself, with whole numbers only. */
function slowDensity({ width, height, axes, count, mask, levels }: DensityInput) {
  const counts = new Uint32Array(width * height);
  const sums = new Uint32Array(width * height);
  const plain = new Uint32Array(width * height);
  for (let row = 0; row < count; row++) {
    if (mask[row] !== 1) continue;
    for (let index = 0; index + 1 < axes.length; index++) {
      const [left, right] = [axes[index], axes[index + 1]];
      if (left === undefined || right === undefined) continue;
      const gap = right.x - left.x;
      const [start, end] = [left.bins[row] ?? 0, right.bins[row] ?? 0];
      const rowAt = (offset: number) =>
        Math.floor((2 * (start * (gap - offset) + end * offset) + gap) / (2 * gap));
      const isLast = index + 2 === axes.length;
      for (let offset = 0; offset < (isLast ? gap + 1 : gap); offset++) {
        const first = rowAt(offset);
        const last = rowAt(Math.min(offset + 1, gap));
        const rows = [first];
        for (let y = first; y !== last; y += Math.sign(last - first)) if (y !== first) rows.push(y);
        for (const y of rows) {
          const pixel = y * width + left.x + offset;
          const level = levels[row] ?? NO_LEVEL;
          if (level === NO_LEVEL) plain[pixel] = (plain[pixel] ?? 0) + 1;
          else {
            counts[pixel] = (counts[pixel] ?? 0) + 1;
            sums[pixel] = (sums[pixel] ?? 0) + level;
          }
        }
      }
    }
  }
  return { width, height, counts, sums, plain };
}

function randomInput(seed: number): DensityInput {
  const next = randomNumbers(seed);
  const pick = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const height = pick(1, 60);
  const count = pick(0, 120);
  const axes = [];
  let x = pick(0, 5);
  for (let index = pick(0, 5); index > 0; index--) {
    axes.push({ x, bins: Uint16Array.from({ length: count }, () => pick(0, height - 1)) });
    x += pick(1, 40);
  }
  return {
    width: x + 1,
    height,
    axes,
    count,
    mask: Uint8Array.from({ length: count }, () => pick(0, 3) && 1),
    levels: Uint8Array.from({ length: count }, () =>
      pick(0, 3) === 0 ? NO_LEVEL : pick(0, TOP_LEVEL),
    ),
  };
}

test("the raster equals one that draws each line by itself", () => {
  for (let seed = 1; seed <= 120; seed++) {
    const input = randomInput(seed);
    expect(density(input), `seed ${seed}`).toEqual(slowDensity(input));
  }
});

test("a draft has the columns of the raster's size and nothing outside of the axes", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const input = randomInput(seed);
    const first = input.axes[0]?.x ?? 0;
    const last = input.axes.at(-1)?.x ?? 0;
    const { counts, plain } = density({ ...input, step: 2 });
    counts.forEach((count, pixel) => {
      const x = pixel % input.width;
      if (x < first || x > last) expect(count + (plain[pixel] ?? 0)).toBe(0);
    });
  }
});

test("a flat line is as many pixels as there are columns from the first axis to the last", () => {
  const bins = Uint16Array.of(2);
  const { counts, sums } = density({
    width: 12,
    height: 5,
    axes: [
      { x: 1, bins },
      { x: 6, bins },
      { x: 10, bins },
    ],
    count: 1,
    mask: Uint8Array.of(1),
    levels: Uint8Array.of(100),
  });
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(10);
  expect([...counts.subarray(2 * 12, 3 * 12)]).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  expect(sums[2 * 12 + 5]).toBe(100);
});

test("more lines are more opaque, the mean gives the colour, and no line is no pixel", () => {
  const pixels = toneMap(
    {
      width: 4,
      height: 1,
      counts: Uint32Array.of(0, 1, 100, 0),
      sums: Uint32Array.of(0, 0, 100 * TOP_LEVEL, 0),
      plain: Uint32Array.of(0, 0, 0, 10),
    },
    LIGHT,
  );
  const opacities = [3, 7, 11, 15].map((index) => pixels[index]);
  expect(opacities).toEqual([0, 26, 255, 140]);
  expect([...pixels.subarray(4, 7)]).toEqual(LIGHT.stops[0]);
  expect([...pixels.subarray(8, 11)]).toEqual(LIGHT.stops.at(-1));
  expect([...pixels.subarray(12, 15)]).toEqual(LIGHT.missing);
});

test("100,000 runs on 8 axes are counted in full", () => {
  const [count, height, width] = [100_000, 360, 1051];
  const next = randomNumbers(7);
  const input: DensityInput = {
    width,
    height,
    axes: Array.from({ length: 8 }, (_, index) => ({
      x: index * 150,
      bins: Uint16Array.from({ length: count }, () => Math.floor(next() * height)),
    })),
    count,
    mask: new Uint8Array(count).fill(1),
    levels: Uint8Array.from({ length: count }, () => Math.floor(next() * 255)),
  };
  // The first drawing warms up the compiler.
  density(input);
  const times: number[] = [];
  for (const step of [1, 2]) {
    const start = performance.now();
    toneMap(density({ ...input, step }), LIGHT);
    times.push(Math.round(performance.now() - start));
  }
  const mask = Uint8Array.from({ length: count }, (_, row) => (row % 10 === 0 ? 1 : 0));
  const start = performance.now();
  const { counts } = density({ ...input, mask });
  times.push(Math.round(performance.now() - start));
  process.stdout.write(
    `raster of ${count} runs on 8 axes, ${width} x ${height}: ${times[0]} ms; ` +
      `as a draft ${times[1]} ms; a tenth of the runs ${times[2]} ms\n`,
  );
  // The column of the first axis has each run at least once.
  let atFirst = 0;
  for (let y = 0; y < height; y++) atFirst += counts[y * width] ?? 0;
  expect(atFirst).toBeGreaterThanOrEqual(count / 10);
});
