import type { Mark, Marks } from "./marks";
import { nearestPoint } from "./points";
import type { PointPlaces } from "./scatter";

/** How near the pointer must be to a point, in CSS pixels. */
const NEAR = 14;

/** Returns points as marks; the keyboard goes through them in their own order by default. */
export function pointMarks(
  places: PointPlaces,
  describe: (point: number) => Omit<Mark, "x" | "y">,
  order: () => ArrayLike<number> = () => Int32Array.from(places.xs.keys()),
): Marks {
  const { xs, ys } = places;
  let known: ArrayLike<number> | undefined;
  return {
    order: () => {
      known ??= Array.from(order()).filter((point) => isShown(places, point));
      return known;
    },
    find: (x, y) => nearestPoint(xs, ys, x, y, NEAR),
    describe: (point) =>
      isShown(places, point)
        ? { x: xs[point] ?? 0, y: ys[point] ?? 0, ...describe(point) }
        : undefined,
  };
}

function isShown({ xs, ys }: PointPlaces, point: number): boolean {
  return Number.isFinite(xs[point]) && Number.isFinite(ys[point]);
}
