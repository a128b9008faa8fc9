import type { MetricCurve } from "../gen/wanllmdb/api/registry/v1/plots_pb";
import type { ChartTable } from "./chartTable";

/** The parts of a curve that are drawn. */
export type Curve = Pick<MetricCurve, "number" | "steps" | "values" | "pointCount">;

/** Curves on one axis: a value for each step of any of them, null where a curve has none. */
export interface AlignedCurves {
  readonly x: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Returns curves on one axis; values that are not finite leave a gap. */
export function alignCurves(curves: readonly Curve[]): AlignedCurves {
  const steps = new Set(curves.flatMap((curve) => curve.steps.map(Number)));
  const x = [...steps].sort((one, other) => one - other);
  const places = new Map(x.map((step, place) => [step, place]));
  const values = curves.map((curve) => {
    const aligned = new Array<number | null>(x.length).fill(null);
    curve.steps.forEach((step, index) => {
      const value = curve.values[index] ?? Number.NaN;
      aligned[places.get(Number(step)) ?? 0] = Number.isFinite(value) ? value : null;
    });
    return aligned;
  });
  return { x, values };
}

/** Returns curves as rows of run, step and value, without the gaps that the axis adds. */
export function curveTable(curves: readonly Curve[], metric: string): ChartTable {
  const rows = curves.flatMap(({ number, steps, values }) =>
    steps.map((step, index) => [number, step, values[index]]),
  );
  return { head: ["run", "step", metric], rows };
}

/** Whether some of the curves have more points than are drawn. */
export function isShortened(curves: readonly Curve[]): boolean {
  return curves.some(({ steps, pointCount }) => pointCount > steps.length);
}
