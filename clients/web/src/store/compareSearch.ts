/** The most sweeps that a page compares: more lines would hide each other. */
export const MOST_COMPARED = 10;

/** What the address of a comparison holds; fields at their defaults are left out. */
export interface CompareSearch {
  /** The ids of the sweeps, separated by commas. */
  readonly ids?: string;
  /** The metric that is compared. */
  readonly metric?: string;
  /** Whether each sweep is compared by its only metric, whatever its name. */
  readonly own?: true;
  /** Whether keys of the configs that do not differ are shown too. */
  readonly config?: "all";
  /** Whether the axis of the metric is logarithmic. */
  readonly log?: true;
}

/** Reads a comparison out of an address, and ignores what is none. */
export function parseCompareSearch(search: Record<string, unknown>): CompareSearch {
  const { ids, metric, own, config, log } = search;
  const joined = idsOf({ ids }).join();
  return {
    ...(joined === "" ? {} : { ids: joined }),
    ...(typeof metric === "string" && metric !== "" ? { metric } : {}),
    ...(own === true ? { own } : {}),
    ...(config === "all" ? { config } : {}),
    ...(log === true ? { log } : {}),
  };
}

/** Returns the ids of the sweeps in their order, each once. They may be a list, or a text with commas. */
export function idsOf({ ids }: { readonly ids?: unknown }): string[] {
  const parts = (Array.isArray(ids) ? ids : [ids]).flatMap((part: unknown) =>
    // An id of digits alone is read as a number in an address that was typed.
    typeof part === "string" || typeof part === "number" ? String(part).split(",") : [],
  );
  const known = parts.map((part) => part.trim()).filter((part) => /^[a-z0-9]{1,64}$/.test(part));
  return [...new Set(known)];
}
