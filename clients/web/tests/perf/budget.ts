import { loadavg } from "node:os";
import type { Page } from "playwright-core";

/** What the calibration takes on a machine without other work, for which the budgets are meant. */
const CALM_MS = 40;
/** A time fails only past this multiple of its budget, on a machine as slow as it is then. */
const TOLERANCE = 6;

/** A measured value, its limit, and whether it is past it. */
export interface Measured {
  readonly name: string;
  readonly budget: string;
  readonly measured: string;
  /** The share of the budget, on a machine that is as fast as the one that the budget is meant for. */
  readonly ratio: number;
  readonly isPast: boolean;
}

/** A size or a count, which no other work on the machine changes. */
export function sized(name: string, budget: number, value: number, unit: string): Measured {
  return {
    name,
    budget: `${budget} ${unit}`,
    measured: `${value.toFixed(1)} ${unit}`,
    ratio: value / budget,
    isPast: value > budget,
  };
}

/** A time, as a share of its budget by how slow the browser is at the moment. */
export async function timed(
  page: Page,
  name: string,
  budgetMs: number,
  measuredMs: number,
): Promise<Measured> {
  const slowness = Math.max(1, (await calibrate(page)) / CALM_MS);
  const ratio = measuredMs / budgetMs / slowness;
  return {
    name,
    budget: `${budgetMs} ms`,
    measured: `${measuredMs.toFixed(0)} ms`,
    ratio,
    isPast: ratio > TOLERANCE,
  };
}

/** Returns how many milliseconds the page needs for a fixed amount of work: the median of three. */
async function calibrate(page: Page): Promise<number> {
  return page.evaluate(() => {
    const times = [1, 2, 3].map(() => {
      const start = performance.now();
      const values = new Float64Array(200_000);
      let state = 1;
      for (let index = 0; index < values.length; index++) {
        state = (state * 16_807) % 2_147_483_647;
        values[index] = state;
      }
      values.sort();
      return performance.now() - start;
    });
    return times.sort((one, other) => one - other)[1] ?? 0;
  });
}

/** Prints the measured values with their budgets. */
export function print(rows: readonly Measured[]): void {
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(" ");
  const lines = rows.map(
    ({ name, budget, measured, ratio, isPast }) =>
      `${name.padEnd(44)} ${budget.padStart(10)} ${measured.padStart(12)} ${ratio.toFixed(2).padStart(8)}${isPast ? "  PAST" : ""}`,
  );
  const head = `${"".padEnd(44)} ${"budget".padStart(10)} ${"measured".padStart(12)} ${"ratio".padStart(8)}`;
  process.stdout.write(`\n${[head, ...lines].join("\n")}\nload ${load}\n\n`);
}
