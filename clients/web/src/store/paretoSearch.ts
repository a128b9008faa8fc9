/** What the address of the Pareto page holds beside the filter; fields at their defaults are left out. */
export interface ParetoSearch {
  /** The metrics of the two axes. */
  readonly x?: string;
  readonly y?: string;
  /** The key of the column that colors the runs. */
  readonly color?: string;
  /** The metrics whose axes are logarithmic. */
  readonly log?: readonly string[];
  /** Whether the axes show the runs that match the filter only. */
  readonly fit?: true;
  /** The key of the column by which the front is sorted; descending with a "-" before it. */
  readonly sort?: string;
  /** The reference point of the hypervolume, by metric. */
  readonly reference?: Readonly<Record<string, number>>;
}

/** Reads the page's settings out of an address, and ignores what is none. */
export function parseParetoSearch(search: Record<string, unknown>): ParetoSearch {
  const { x, y, color, log, fit, sort, reference } = search;
  const logs = Array.isArray(log) ? [...new Set(log.filter(isText))] : [];
  const point = pointOf(reference);
  return {
    ...(isText(x) ? { x } : {}),
    ...(isText(y) ? { y } : {}),
    ...(isText(color) ? { color } : {}),
    ...(logs.length > 0 ? { log: logs } : {}),
    ...(fit === true ? { fit } : {}),
    ...(isText(sort) ? { sort } : {}),
    ...(Object.keys(point).length > 0 ? { reference: point } : {}),
  };
}

/** Returns the two metrics that an address chooses, or else the first two of the sweep. */
export function pairOf(
  { x, y }: ParetoSearch,
  names: readonly string[],
): [x: string, y: string] | undefined {
  const [first, second] = names;
  if (first === undefined || second === undefined) return undefined;
  const left = x !== undefined && names.includes(x) ? x : undefined;
  const top = y !== undefined && names.includes(y) && y !== left ? y : undefined;
  const others = names.filter((name) => name !== left && name !== top);
  const chosenX = left ?? others.shift() ?? first;
  return [chosenX, top ?? others.shift() ?? second];
}

function pointOf(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  // fromEntries, because a metric may be called "__proto__".
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
