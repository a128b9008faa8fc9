import { expect, test } from "vitest";
import { type DensityGrid, type DensityInput, DensityRaster, NO_LEVEL, TOP_LEVEL } from "./density";
import { splitDrop } from "./densityBlocks";
import { LIGHT } from "./densityPalette";
import { toneMap, toneMapRest } from "./densityTone";
import { randomNumbers } from "./randomNumbers";

/** Returns the row of a line in each column from one axis to the next, both included. */
function rowsOf(start: number, end: number, width: number, turn = start): number[] {
  if (width === 1) return [start, end];
  const first = width >> 1;
  const middle = start + splitDrop(end - start, first, width, turn);
  return [
    ...rowsOf(start, middle, first, turn + 1),
    ...rowsOf(middle, end, width - first, turn + 1).slice(1),
  ];
}

/** Draws each run's line by itself, with whole numbers only. */
function slowDensity({ width, height, axes, count, mask, levels, shift = 0 }: DensityInput) {
  const counts = new Uint32Array(width * height);
  const sums = new Uint32Array(width * height);
  const plain = new Uint32Array(width * height);
  const placesOf = (bins: Uint16Array) =>
    new Set([...bins].filter((_, row) => mask[row] === 1).map((bin) => bin >> shift)).size;
  for (let index = 0; index + 1 < axes.length; index++) {
    const [left, right] = [axes[index], axes[index + 1]];
    if (left === undefined || right === undefined) continue;
    const isByEnd = placesOf(right.bins) < placesOf(left.bins);
    for (let row = 0; row < count; row++) {
      if (mask[row] !== 1) continue;
      const gap = right.x - left.x;
      const [start, end] = [(left.bins[row] ?? 0) >> shift, (right.bins[row] ?? 0) >> shift];
      const line = rowsOf(start, end, gap, isByEnd ? end : start);
      const isLast = index + 2 === axes.length;
      for (let offset = 0; offset < (isLast ? gap + 1 : gap); offset++) {
        const first = line[offset] ?? 0;
        const last = line[offset + 1] ?? first;
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

/** Returns the raster of an input by a fresh drawer. */
function density(input: DensityInput): DensityGrid {
  return new DensityRaster().draw(input);
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

test("a drawer that drew something else draws the same as a fresh one", () => {
  const drawer = new DensityRaster();
  for (let seed = 1; seed <= 60; seed++) {
    const input = randomInput(seed);
    expect(drawer.draw(input), `seed ${seed}`).toEqual(density(input));
  }
});

test("a line is nowhere far from the straight one, and goes one way only", () => {
  for (let width = 1; width <= 400; width += 7) {
    for (const drop of [-719, -340, -31, -2, -1, 0, 1, 3, 30, 341, 718]) {
      const rows = rowsOf(0, drop, width);
      expect(rows).toHaveLength(width + 1);
      rows.forEach((row, offset) => {
        expect(Math.abs(row - (drop * offset) / width)).toBeLessThan(2.5);
        expect((row - (rows[offset - 1] ?? row)) * drop).toBeGreaterThanOrEqual(0);
      });
    }
  }
});

test("lines that are spread evenly are as dense in each column", () => {
  const [height, gap] = [360, 168];
  const every = Array.from({ length: height * 45 }, (_, index) => index);
  const { counts } = density({
    width: gap + 1,
    height,
    axes: [
      { x: 0, bins: Uint16Array.from(every, (index) => index % height) },
      { x: gap, bins: Uint16Array.from(every, (index) => Math.floor(index / height)) },
    ],
    count: every.length,
    mask: new Uint8Array(every.length).fill(1),
    levels: new Uint8Array(every.length),
  });
  const totals = Array.from({ length: gap }, (_, x) => {
    let total = 0;
    for (let y = 0; y < height; y++) total += counts[y * (gap + 1) + x] ?? 0;
    return total;
  });
  expect(Math.max(...totals) / Math.min(...totals)).toBeLessThan(1.05);
});

test("lines from neighboring rows to one point, or from it, leave no gap between them", () => {
  const [height, gap] = [360, 168];
  const every = Uint16Array.from({ length: 72 }, (_, index) => 20 + index);
  for (const point of [0, 51, 90, 206, 359]) {
    for (const isTo of [true, false]) {
      const one = new Uint16Array(every.length).fill(point);
      const grid = density({
        width: gap + 1,
        height,
        axes: [
          { x: 0, bins: isTo ? every : one },
          { x: gap, bins: isTo ? one : every },
        ],
        count: every.length,
        mask: new Uint8Array(every.length).fill(1),
        levels: new Uint8Array(every.length),
      });
      for (let x = 0; x <= gap; x++) {
        const used = [...Array(height).keys()].filter((y) => totalAt(grid, x, y) > 0);
        expect((used.at(-1) ?? 0) - (used[0] ?? 0) + 1, `${point} ${x}`).toBe(used.length);
      }
    }
  }
});

test("a draft has the same lines at the last axis, and lines where the raster has them", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const full = randomInput(seed);
    const even = { ...full, axes: full.axes.map((axis) => ({ ...axis, x: axis.x * 2 })) };
    const [width, height] = [full.width * 2, full.height];
    const whole = density({ ...even, width });
    const draft = density({ ...full, height: ((height - 1) >> 1) + 1, shift: 1 });
    const inDraft = (x: number, y: number) => totalAt(draft, x, y);
    const last = full.axes.at(-1);
    if (last === undefined || full.axes.length < 2) continue;
    for (let y = 0; y < draft.height; y++) {
      const both = totalAt(whole, last.x * 2, 2 * y) + totalAt(whole, last.x * 2, 2 * y + 1);
      expect(inDraft(last.x, y)).toBe(both);
    }
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) {
        if (totalAt(whole, x, y) === 0) continue;
        let near = 0;
        for (let dx = -1; dx <= 1; dx++) {
          for (let dy = -2; dy <= 2; dy++) near += inDraft((x >> 1) + dx, (y >> 1) + dy);
        }
        expect(near, `seed ${seed}, ${x}, ${y}`).toBeGreaterThan(0);
      }
    }
  }
});

function totalAt({ width, height, counts, plain }: DensityGrid, x: number, y: number): number {
  if (x < 0 || x >= width || y < 0 || y >= height) return 0;
  return (counts[y * width + x] ?? 0) + (plain[y * width + x] ?? 0);
}

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

test("more lines are more opaque, the mean gives the color, and no line is no pixel", () => {
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
  expect(opacities).toEqual([0, 89, 255, 172]);
  expect([...pixels.subarray(4, 7)]).toEqual(LIGHT.stops[0]);
  expect([...pixels.subarray(8, 11)]).toEqual(LIGHT.stops.at(-1));
  expect([...pixels.subarray(12, 15)]).toEqual(LIGHT.missing);
});

test("the runs that are left out have one color", () => {
  const grid = {
    width: 2,
    height: 1,
    counts: Uint32Array.of(3, 0),
    sums: Uint32Array.of(9, 0),
    plain: Uint32Array.of(0, 1),
  };
  const pixels = toneMapRest(grid, LIGHT);
  expect([...pixels.subarray(0, 4)]).toEqual([...LIGHT.rest, 255]);
  expect([...pixels.subarray(4, 7)]).toEqual(LIGHT.rest);
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
  const drawer = new DensityRaster();
  const draft: DensityInput = {
    ...input,
    width: (width + 1) / 2,
    height: height / 2,
    axes: input.axes.map(({ x, bins }) => ({ x: x / 2, bins })),
    shift: 1,
  };
  const mask = Uint8Array.from({ length: count }, (_, row) => (row % 10 === 0 ? 1 : 0));
  const times = [input, draft, { ...input, mask }].map((drawn) => {
    // The first drawing warms up the compiler and takes the memory.
    drawer.draw(drawn);
    const start = performance.now();
    toneMap(drawer.draw(drawn), LIGHT);
    return Math.round(performance.now() - start);
  });
  process.stdout.write(
    `raster of ${count} runs on 8 axes, ${width} x ${height}: ${times[0]} ms; ` +
      `as a draft ${times[1]} ms; a tenth of the runs ${times[2]} ms\n`,
  );
  const { counts } = drawer.draw({ ...input, mask });
  // The column of the first axis has each run at least once.
  let atFirst = 0;
  for (let y = 0; y < height; y++) atFirst += counts[y * width] ?? 0;
  expect(atFirst).toBeGreaterThanOrEqual(count / 10);
});
